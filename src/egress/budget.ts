import { BUDGET_WINDOW_MS } from './budget-store.ts';

/** The calls one address has made in the last 60 minutes, and what Bitbucket said about them. */
export interface Budget {
  readonly limit: number;
  /** Moments of counted calls, oldest first; ms of a clock that never goes back. */
  readonly times: number[];
  /** Calls that others made from the same address, by the upstream's count, and when they come back. */
  withheld: { readonly count: number; readonly untilMs: number };
  /** Until when a 429 has spent it. */
  spentUntilMs: number;
}

export const createBudget = (limit: number): Budget => ({
  limit,
  times: [],
  withheld: { count: 0, untilMs: Number.NEGATIVE_INFINITY },
  spentUntilMs: Number.NEGATIVE_INFINITY,
});

/** Calls that may still be made at `nowMs`. */
export function leftOf(budget: Budget, nowMs: number): number {
  if (nowMs < budget.spentUntilMs) return 0;
  let gone = 0;
  while (gone < budget.times.length && (budget.times[gone] ?? 0) <= nowMs - BUDGET_WINDOW_MS) gone += 1;
  if (gone > 0) budget.times.splice(0, gone);
  return Math.max(0, budget.limit - budget.times.length - withheldAt(budget, nowMs));
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
  const missing = leftOf(budget, nowMs) - remaining;
  if (missing <= 0) return;
  const untilMs = nowMs + Math.min(resetMs, BUDGET_WINDOW_MS);
  budget.withheld = { count: withheldAt(budget, nowMs) + missing, untilMs };
}

const withheldAt = ({ withheld }: Budget, nowMs: number) => (nowMs < withheld.untilMs ? withheld.count : 0);

/** A 429: nothing is left for `forMs`. */
export function markSpent(budget: Budget, forMs: number, nowMs: number): void {
  budget.spentUntilMs = Math.max(budget.spentUntilMs, nowMs + forMs);
}

/** How long until a call may be made again, ms; 0 when one may be made now. */
export function restOf(budget: Budget, nowMs: number): number {
  if (leftOf(budget, nowMs) > 0) return 0;
  const withheld = withheldAt(budget, nowMs);
  const ownRestMs = (budget.times[0] ?? nowMs) + BUDGET_WINDOW_MS - nowMs;
  const restMs = withheld > 0 ? Math.min(ownRestMs, budget.withheld.untilMs - nowMs) : ownRestMs;
  return Math.max(
    1,
    budget.spentUntilMs - nowMs,
    budget.times.length + withheld >= budget.limit ? restMs : 0,
  );
}
