const DAY_MS = 86_400_000;

/** The day that was asked for last: most calls are of the same one. */
let last = { number: Number.NaN, day: '' };

/** The day (UTC) of a moment: `'2026-06-15'`. */
export function dayOf(atMs: number): string {
  const number = Math.floor(atMs / DAY_MS);
  if (number !== last.number) last = { number, day: new Date(atMs).toISOString().slice(0, 10) };
  return last.day;
}
