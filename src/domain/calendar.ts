const DAY_MS = 86_400_000;

/** How the milliseconds of a second are written. */
const MILLISECONDS = Array.from({ length: 1_000 }, (_, ms) => `${String(ms).padStart(3, '0')}Z`);

/** The second that was asked for last, without its milliseconds: most moments are of the same one. */
let lastSecond = { number: Number.NaN, text: '' };

/** The moment that was asked for last: calls go in step, and are told of one after the other. */
let lastMoment = { atMs: Number.NaN, text: '' };

/** A moment (UTC): `'2026-06-15T12:34:56.789Z'`. Throws a `RangeError` for what is none. */
export function isoOf(atMs: number): string {
  if (atMs !== lastMoment.atMs) lastMoment = { atMs, text: writtenOut(Math.trunc(atMs)) };
  return lastMoment.text;
}

function writtenOut(ms: number): string {
  const number = Math.floor(ms / 1_000);
  if (number !== lastSecond.number)
    lastSecond = { number, text: new Date(ms).toISOString().slice(0, -'789Z'.length) };
  return `${lastSecond.text}${MILLISECONDS[ms - number * 1_000]}`;
}

/** The day that was asked for last: most calls are of the same one. */
let last = { number: Number.NaN, day: '' };

/** The day (UTC) of a moment: `'2026-06-15'`. */
export function dayOf(atMs: number): string {
  const number = Math.floor(atMs / DAY_MS);
  if (number !== last.number) last = { number, day: new Date(atMs).toISOString().slice(0, 10) };
  return last.day;
}
