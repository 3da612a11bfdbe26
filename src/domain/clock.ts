/** Where time comes from. Handed in, so that a test can stand at the edge of a month. */
export interface Clock {
  /** Milliseconds since the epoch. May step back or ahead; for months and time stamps. */
  now(): number;
  /** Milliseconds since some fixed moment; never goes back. For windows, deadlines and durations. */
  monotonic(): number;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
};
