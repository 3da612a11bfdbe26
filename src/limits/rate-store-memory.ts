import type { Clock } from '../domain/clock.ts';
import type { RateStore } from './rate-store.ts';
import { admit, type RateWindow, readWindow, WINDOW_MS } from './rate-window.ts';

/** The exact second of one gateway. Accounts that were quiet for a second are forgotten now and then. */
export function createMemoryRateStore(clock: Clock): RateStore {
  const windows = new Map<string, RateWindow>();
  let sweptAtMs = clock.monotonic();

  const sweep = (nowMs: number) => {
    if (nowMs - sweptAtMs < 60_000) return;
    sweptAtMs = nowMs;
    for (const [id, window] of windows) if ((window.at(-1) ?? 0) < nowMs - WINDOW_MS) windows.delete(id);
  };

  const windowOf = (accountId: string): RateWindow => {
    const known = windows.get(accountId);
    if (known !== undefined) return known;
    const window: RateWindow = [];
    windows.set(accountId, window);
    return window;
  };

  return {
    admit: async (accountId, limit) => {
      const nowMs = clock.monotonic();
      sweep(nowMs);
      return admit(windowOf(accountId), limit, nowMs);
    },
    read: async (accountId, limit) => readWindow(windows.get(accountId) ?? [], limit, clock.monotonic()),
  };
}
