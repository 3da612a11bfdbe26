import type { RateDecision, RateReading } from './rate-store.ts';

export const WINDOW_MS = 1_000;

/**
 * The times of the calls admitted lately, oldest first, ms of a clock that never goes back. Both ends of a window
 * count, so a call that is exactly 1,000 ms old still holds its place.
 */
export type RateWindow = number[];

/** Admits a call at `nowMs` when fewer than `limit` were admitted in the 1,000 ms before; a refused one is not counted. */
export function admit(window: RateWindow, limit: number, nowMs: number): RateDecision {
  forget(window, nowMs);
  if (window.length < limit) {
    window.push(nowMs);
    return { admitted: true };
  }
  // Enough of the oldest have to go for one place to be free; more than one after a lowered limit.
  const oldest = window[window.length - limit] ?? nowMs;
  return { admitted: false, waitMs: Math.max(1, Math.floor(oldest + WINDOW_MS - nowMs) + 1) };
}

/** The window as it stands at `nowMs`. */
export function readWindow(window: RateWindow, limit: number, nowMs: number): RateReading {
  forget(window, nowMs);
  const newest = window.at(-1);
  return {
    limit,
    remaining: Math.max(0, limit - window.length),
    resetMs: newest === undefined ? 0 : Math.max(0, newest + WINDOW_MS - nowMs),
  };
}

function forget(window: RateWindow, nowMs: number): void {
  let gone = 0;
  while (gone < window.length && (window[gone] ?? 0) < nowMs - WINDOW_MS) gone += 1;
  if (gone > 0) window.splice(0, gone);
}
