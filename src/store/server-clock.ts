/** How far the guess may follow a server's clock that runs faster, ms an answer. */
const DRIFT_MS = 1;

/** What time it is on a server, guessed between its answers on our clock that never goes back. */
export interface ServerClock {
  /** Its time, ms since the epoch, at the latest; null before its first answer. */
  guess(monotonicMs: number): number | null;
  /** It said `serverMs` in its answer to a command written at `writtenAtMs`. */
  learn(serverMs: number, writtenAtMs: number): void;
  /** The same, and what was guessed until now is worth nothing: another server, or a clock that was set. */
  relearn(serverMs: number, writtenAtMs: number): void;
}

/**
 * Each answer says what the offset can be at most, as the command ran after it was written: the least of them is the
 * nearest to the truth. A clock set back is believed at once, one set ahead when a command comes back as late.
 */
export function createServerClock(): ServerClock {
  let offsetMs: number | null = null;
  return {
    guess: (monotonicMs) => (offsetMs === null ? null : monotonicMs + offsetMs),
    learn: (serverMs, writtenAtMs) => {
      const mostMs = serverMs - writtenAtMs;
      offsetMs = offsetMs === null ? mostMs : Math.min(mostMs, offsetMs + DRIFT_MS);
    },
    relearn: (serverMs, writtenAtMs) => {
      offsetMs = serverMs - writtenAtMs;
    },
  };
}
