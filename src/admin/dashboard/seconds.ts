import { createSpread, type Spread } from './spread.ts';

/** So many seconds are kept: what a page shows as soon as it is opened. */
export const KEPT_SECONDS = 300;

/** What happened in one second. */
export interface Second {
  /** Whole seconds of the clock that never goes back. */
  readonly second: number;
  /** Calls that ended, by HTTP status. */
  readonly statuses: Map<number, number>;
  readonly total: Spread;
  readonly upstream: Spread;
  /** Requests that used up an exit's hour. */
  sent: number;
  /** Calls that found no exit. */
  unserved: number;
  /** Body bytes to callers. */
  bytesOut: number;
  /** Bytes through exits, both ways. */
  bytesExit: number;
}

/** The last seconds in which something happened. */
export interface Seconds {
  /** The one of this moment. */
  now(second: number): Second;
  /** Those that are kept, the oldest first. */
  kept(second: number): readonly Second[];
}

export function createSeconds(): Seconds {
  let seconds: Second[] = [];
  const forgetOld = (now: number) => {
    seconds = seconds.filter(({ second }) => second >= now - KEPT_SECONDS);
  };
  return {
    now: (second) => {
      const last = seconds.at(-1);
      if (last?.second === second) return last;
      forgetOld(second);
      const next = createSecond(second);
      seconds.push(next);
      return next;
    },
    kept: (second) => {
      forgetOld(second);
      return seconds;
    },
  };
}

const createSecond = (second: number): Second => ({
  second,
  statuses: new Map(),
  total: createSpread(),
  upstream: createSpread(),
  sent: 0,
  unserved: 0,
  bytesOut: 0,
  bytesExit: 0,
});
