/** After the first failure, ms; doubled after each further one. */
const FIRST_MS = 1_000;
/** A receiver that is back hears of it within this, ms. */
export const LONGEST_WAIT_MS = 300_000;
/** So long an event is tried, ms. */
export const TRIED_FOR_MS = 86_400_000;
/** From here on a doubling changes nothing any more. */
const DOUBLINGS = 9;

/** What was done for an event until now. */
export interface Tried {
  /** Sendings that failed. */
  readonly failures: number;
  /** What it has waited between them, ms: time that passed while a gateway ran, whatever the calendar says. */
  readonly waitedMs: number;
}

export const UNTRIED: Tried = { failures: 0, waitedMs: 0 };

/**
 * An event that failed once more: when it is tried again, or that a day was enough. Never sooner than half of what it
 * would be without chance, so that many that failed together do not come back together, and the first time after 1 s.
 */
export function afterFailure(
  { failures, waitedMs }: Tried,
  random: () => number,
): { readonly waitMs: number; readonly tried: Tried } | 'given up' {
  if (waitedMs >= TRIED_FOR_MS) return 'given up';
  const wholeMs = Math.min(LONGEST_WAIT_MS, FIRST_MS * 2 ** Math.min(failures, DOUBLINGS));
  const waitMs = failures === 0 ? FIRST_MS : Math.round((wholeMs * (1 + random())) / 2);
  return { waitMs, tried: { failures: failures + 1, waitedMs: waitedMs + waitMs } };
}
