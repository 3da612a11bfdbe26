/** The calendar month (UTC) of a moment: `'2026-06'`. */
export const periodOf = (atMs: number): string => new Date(atMs).toISOString().slice(0, 7);

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
