import { performance } from 'node:perf_hooks';
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

/**
 * Node keeps a list for each length of wait, and makes and drops it where few have the same: long waits, nearly all of
 * which are cancelled, are brought to the same lengths.
 */
const LONG_MS = 500;
const GRAIN_MS = 16;
const upTo = (ms: number) => Math.ceil(ms / GRAIN_MS) * GRAIN_MS;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after: (ms, work) => {
    // Node drops fractions of both the wait and the moment it begins: without this, timers run up to 2 ms early.
    const wholeMs = Math.ceil(ms) + 1;
    const timer = setTimeout(work, wholeMs < LONG_MS ? wholeMs : upTo(wholeMs));
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
