import { type MonthBounds, monthAround } from '../domain/calendar.ts';
import { monthOf } from '../domain/usage-summary.ts';

/** The calendar month (UTC) of a moment: `'2026-06'`. */
export const periodOf = (atMs: number): string => monthOf(atMs);

/** When the month of `atMs` ends; ms since the epoch. */
export const periodEndMs = (atMs: number): number => monthAround(atMs).endMs;

/** How long the month of `atMs` is, whole seconds. */
export function periodSeconds(atMs: number): number {
  const { startMs, endMs } = monthAround(atMs);
  return (endMs - startMs) / 1_000;
}

/** The first moment of a month and that of the next, ms since the epoch. */
export const boundsOfMonth = (period: string): MonthBounds =>
  monthAround(Date.parse(`${period}-01T00:00:00Z`));

/** The month before: `'2025-12'` of `'2026-01'`. */
export const periodBefore = (period: string): string => periodOf(boundsOfMonth(period).startMs - 1);
