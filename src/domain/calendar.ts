import { rememberedLast } from './remembered.ts';

const DAY_MS = 86_400_000;

/** How the milliseconds of a second are written. */
const MILLISECONDS = Array.from({ length: 1_000 }, (_, ms) => `${String(ms).padStart(3, '0')}Z`);

/** A second up to its milliseconds: most moments are of the one that was asked for last. */
const secondOf = rememberedLast((second) => new Date(second * 1_000).toISOString().slice(0, -'789Z'.length));

/**
 * A moment (UTC): `'2026-06-15T12:34:56.789Z'`. Throws a `RangeError` for what is none. Remembers the last one: calls
 * go in step, and are told of one after the other.
 */
export const isoOf: (atMs: number) => string = rememberedLast((atMs) => {
  const ms = Math.trunc(atMs);
  const second = Math.floor(ms / 1_000);
  return `${secondOf(second)}${MILLISECONDS[ms - second * 1_000]}`;
});

const dayNumbered = rememberedLast((day) =>
  new Date(day * DAY_MS).toISOString().slice(0, '2026-06-15'.length),
);

/** Days since 1970; parts of a millisecond do not count, as in a `Date`. */
const dayNumberOf = (atMs: number) => Math.floor(Math.trunc(atMs) / DAY_MS);

/** The day (UTC) of a moment: `'2026-06-15'`. */
export const dayOf = (atMs: number): string => dayNumbered(dayNumberOf(atMs));

/** The first moment of a month (UTC) and that of the next, ms since the epoch. */
export interface MonthBounds {
  readonly startMs: number;
  readonly endMs: number;
}

const monthWithDay = rememberedLast((day): MonthBounds => {
  const date = new Date(day * DAY_MS);
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
  return { startMs: Date.UTC(year, month), endMs: Date.UTC(year, month + 1) };
});

/** The month of a moment. */
export const monthAround = (atMs: number): MonthBounds => monthWithDay(dayNumberOf(atMs));
