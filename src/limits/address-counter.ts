import type { Clock } from '../domain/clock.ts';

export interface AddressCounter {
  /** Counts one more; how many it were in the running window, and how long that still lasts, ms. */
  count(address: string): { readonly current: number; readonly ttl: number };
}

const MAX_ADDRESSES = 20_000;

/** Calls by address in windows of `windowMs`. The address seen first is forgotten when there are too many. */
export function createAddressCounter(clock: Clock, windowMs: number): AddressCounter {
  const windows = new Map<string, { endsAtMs: number; current: number }>();
  return {
    count: (address) => {
      const nowMs = clock.monotonic();
      let window = windows.get(address);
      if (window === undefined || nowMs >= window.endsAtMs) {
        window = { endsAtMs: nowMs + windowMs, current: 0 };
        windows.delete(address);
        windows.set(address, window);
        const [oldest] = windows.keys();
        if (windows.size > MAX_ADDRESSES && oldest !== undefined) windows.delete(oldest);
      }
      window.current += 1;
      return { current: window.current, ttl: window.endsAtMs - nowMs };
    },
  };
}
