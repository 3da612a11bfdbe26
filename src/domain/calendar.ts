const DAY_MS = 86_400_000;

/** The moment that was asked for last: calls go in step, and are told of one after the other. */
let lastMoment = { atMs: Number.NaN, text: '' };

/** A moment (UTC): `'2026-06-15T12:34:56.789Z'`. */
export function isoOf(atMs: number): string {
  if (atMs !== lastMoment.atMs) lastMoment = { atMs, text: new Date(atMs).toISOString() };
  return lastMoment.text;
}

/** The day that was asked for last: most calls are of the same one. */
let last = { number: Number.NaN, day: '' };

/** The day (UTC) of a moment: `'2026-06-15'`. */
export function dayOf(atMs: number): string {
  const number = Math.floor(atMs / DAY_MS);
  if (number !== last.number) last = { number, day: new Date(atMs).toISOString().slice(0, 10) };
  return last.day;
}
