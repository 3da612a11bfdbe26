import { monthOf } from '../domain/usage-summary.ts';

/** The calendar month (UTC) of a moment: `'2026-06'`. */
export const periodOf = (atMs: number): string => monthOf(atMs);

/** When the month of `atMs` ends; ms since the epoch. */
export function periodEndMs(atMs: number): number {
  const date = new Date(atMs);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1);
}

/** How long the month of `atMs` is, whole seconds. */
export function periodSeconds(atMs: number): number {
  const date = new Date(atMs);
  return (periodEndMs(atMs) - Date.UTC(date.getUTCFullYear(), date.getUTCMonth())) / 1_000;
}

/** The first moment of a month and that of the next, ms since the epoch. */
export function boundsOfMonth(period: string): { readonly startMs: number; readonly endMs: number } {
  const startMs = Date.parse(`${period}-01T00:00:00Z`);
  return { startMs, endMs: periodEndMs(startMs) };
}

/** The month before: `'2025-12'` of `'2026-01'`. */
export const periodBefore = (period: string): string => periodOf(boundsOfMonth(period).startMs - 1);
