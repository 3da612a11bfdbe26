import { monthOf } from '../domain/usage-summary.ts';

/** The calendar month (UTC) of a moment: `'2026-06'`. */
export const periodOf = (atMs: number): string => monthOf(atMs);

/** The month that was asked for last: most moments are of the same one. */
let last = { startMs: Number.NaN, endMs: Number.NaN };

function monthAround(atMs: number): typeof last {
  if (atMs >= last.startMs && atMs < last.endMs) return last;
  const date = new Date(atMs);
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
  last = { startMs: Date.UTC(year, month), endMs: Date.UTC(year, month + 1) };
  return last;
}

/** When the month of `atMs` ends; ms since the epoch. */
export const periodEndMs = (atMs: number): number => monthAround(atMs).endMs;

/** How long the month of `atMs` is, whole seconds. */
export function periodSeconds(atMs: number): number {
  const { startMs, endMs } = monthAround(atMs);
  return (endMs - startMs) / 1_000;
}

/** The first moment of a month and that of the next, ms since the epoch. */
export function boundsOfMonth(period: string): { readonly startMs: number; readonly endMs: number } {
  const startMs = Date.parse(`${period}-01T00:00:00Z`);
  return { startMs, endMs: periodEndMs(startMs) };
}

/** The month before: `'2025-12'` of `'2026-01'`. */
export const periodBefore = (period: string): string => periodOf(boundsOfMonth(period).startMs - 1);
