import type { HangUp } from './hang-up.ts';
import { settleAs } from './settle-as.ts';

/** Ends a wait that is no longer wanted; a second call does nothing. */
export type Cancel = () => void;

/** Where time comes from. Handed in, so that a test can stand at the edge of a month, and a fleet run in seconds. */
export interface Clock {
  /** Milliseconds since the epoch. May step back or ahead; for months and time stamps. */
  now(): number;
  /** Milliseconds since some fixed moment; never goes back. For windows, deadlines and durations. */
  monotonic(): number;
  /** Runs `work` once, `ms` from now at the earliest. Never keeps the process alive. */
  after(ms: number, work: () => void): Cancel;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: (ms, work) => {
    // Node drops fractions of both the wait and the moment it begins: without this, timers run up to 2 ms early.
    const timer = setTimeout(work, Math.ceil(ms) + 1);
    timer.unref();
    return () => clearTimeout(timer);
  },
};

/** Runs `work` again and again, `ms` behind the end of the last one; what it rejects with is its own affair. */
export function repeat(clock: Clock, ms: number, work: () => Promise<unknown>): Cancel {
  let stopped = false;
  let cancel: Cancel = () => {};
  const again = () => {
    if (stopped) return;
    cancel = clock.after(ms, () => void work().then(again, again));
  };
  again();
  return () => {
    stopped = true;
    cancel();
  };
}

/** What `work` comes to if it does within `ms`, else undefined; no timer is left behind. Rejects as `work` does. */
export function within<Value>(clock: Clock, ms: number, work: Promise<Value>): Promise<Value | undefined> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(ms, () => resolve(undefined));
    settleAs(work, cancel, { resolve, reject });
  });
}

/** Settles after `ms`, or at once when `signal` is aborted. */
export function sleep(clock: Clock, ms: number, signal?: HangUp): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve();
    const cancel = clock.after(ms, () => end());
    const end = () => {
      cancel();
      signal?.removeEventListener('abort', end);
      resolve();
    };
    signal?.addEventListener('abort', end, { once: true });
  });
}
