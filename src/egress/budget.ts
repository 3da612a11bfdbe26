import { BUDGET_WINDOW_MS } from './budget-store.ts';

/** The calls one address has made in the last 60 minutes, and what Bitbucket said about them. */
export interface Budget {
  readonly limit: number;
  /** Moments of counted calls, oldest first; ms of a clock that never goes back. */
  readonly times: number[];
  /** Until when a 429 has spent it. */
  spentUntilMs: number;
}

export const createBudget = (limit: number): Budget => ({
  limit,
  times: [],
  spentUntilMs: Number.NEGATIVE_INFINITY,
});

/** Calls that may still be made at `nowMs`. */
export function leftOf(budget: Budget, nowMs: number): number {
  if (nowMs < budget.spentUntilMs) return 0;
  let gone = 0;
  while (gone < budget.times.length && (budget.times[gone] ?? 0) <= nowMs - BUDGET_WINDOW_MS) gone += 1;
  if (gone > 0) budget.times.splice(0, gone);
  return Math.max(0, budget.limit - budget.times.length);
}

export function take(budget: Budget, nowMs: number): void {
  budget.times.push(nowMs);
}

/** Takes back the call that was taken at `takenAtMs`; for requests that surely never left. */
export function giveBack(budget: Budget, takenAtMs: number): void {
  const index = budget.times.lastIndexOf(takenAtMs);
  if (index >= 0) budget.times.splice(index, 1);
}

/**
 * Believes the upstream when it counts fewer calls left than we do: others may leave from the same address. Never
 * the other way round, for its count may lag behind calls under way. What it took away comes back with its reset.
 */
export function correct(budget: Budget, remaining: number, resetMs: number, nowMs: number): void {
  const missing = Math.min(leftOf(budget, nowMs) - remaining, budget.limit);
  if (missing <= 0) return;
  const takenAtMs = nowMs + Math.min(resetMs, BUDGET_WINDOW_MS) - BUDGET_WINDOW_MS;
  const at = budget.times.findIndex((time) => time > takenAtMs);
  const times = new Array<number>(missing).fill(takenAtMs);
  budget.times.splice(at < 0 ? budget.times.length : at, 0, ...times);
}

/** A 429: nothing is left for `forMs`. */
export function markSpent(budget: Budget, forMs: number, nowMs: number): void {
  budget.spentUntilMs = Math.max(budget.spentUntilMs, nowMs + forMs);
}

/** How long until a call may be made again, ms; 0 when one may be made now. */
export function restOf(budget: Budget, nowMs: number): number {
  if (leftOf(budget, nowMs) > 0) return 0;
  const oldest =
    budget.times.length >= budget.limit
      ? (budget.times[budget.times.length - budget.limit] ?? nowMs)
      : nowMs - BUDGET_WINDOW_MS;
  return Math.max(1, budget.spentUntilMs - nowMs, oldest + BUDGET_WINDOW_MS - nowMs);
}
