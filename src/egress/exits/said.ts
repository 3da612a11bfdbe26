import { BUDGET_WINDOW_MS } from './rolling.ts';

type Headers = Readonly<Record<string, string>>;

/** After a 429 that names no time. */
const UNSAID_REST_MS = 60_000;
const SHORTEST_REST_MS = 1_000;

/** What Bitbucket says is left of an address's hour, and for how long, ms; null where it says nothing. */
export function remainingSaid(headers: Headers, nowMs: number): { calls: number; resetMs: number } | null {
  const calls = /^\s*(\d{1,9})(?!\d)/.exec(headers['x-ratelimit-remaining'] ?? '')?.[1];
  if (calls === undefined) return null;
  return {
    calls: Number(calls),
    resetMs: bounded(durationOf(headers['x-ratelimit-reset'], nowMs) ?? BUDGET_WINDOW_MS),
  };
}

/**
 * How long a 429 asks an address to rest, ms: by `Retry-After`, else by the reset header, else a minute; never less
 * than a second nor more than an hour, whatever it says. `nowMs` is the calendar's.
 */
export function restSaid(headers: Headers, nowMs: number): number {
  const saidMs = durationOf(headers['retry-after'], nowMs) ?? durationOf(headers['x-ratelimit-reset'], nowMs);
  return bounded(saidMs ?? UNSAID_REST_MS);
}

const bounded = (ms: number) => Math.min(BUDGET_WINDOW_MS, Math.max(SHORTEST_REST_MS, ms));

/** Whole seconds, or a date; ms. */
function durationOf(text: string | undefined, nowMs: number): number | undefined {
  if (text === undefined) return undefined;
  if (/^\s*\d+\s*$/.test(text)) return Number(text) * 1_000;
  const atMs = Date.parse(text);
  return Number.isNaN(atMs) ? undefined : atMs - nowMs;
}
