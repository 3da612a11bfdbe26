import { BUDGET_WINDOW_MS, Rolling } from './rolling.ts';

/** The calls one address may make in any 60 minutes, and what Bitbucket and other gateways say about them. */
export interface Budget {
  limit: number;
  /** Calls under way: they count until they end, for nobody knows yet when Bitbucket counted them. */
  held: number;
  /** Calls that ended, each from its end on: Bitbucket counted it no later than that. */
  readonly counted: Rolling;
  /** Calls that strangers made from the same address, by Bitbucket's count; all back at `untilMs`. */
  withheld: Lack;
  /** Calls that other gateways made, by the store's count; back one by one from `untilMs` on. */
  foreign: Lack;
  /** Until when a 429 has spent it. */
  spentUntilMs: number;
}

interface Lack {
  readonly calls: number;
  readonly untilMs: number;
}

const NONE: Lack = { calls: 0, untilMs: Number.NEGATIVE_INFINITY };

export const createBudget = (limit: number): Budget => ({
  limit,
  held: 0,
  counted: new Rolling(),
  withheld: NONE,
  foreign: NONE,
  spentUntilMs: Number.NEGATIVE_INFINITY,
});

/** Calls that may still begin at `nowMs`. */
export function leftOf(budget: Budget, nowMs: number): number {
  if (nowMs < budget.spentUntilMs) return 0;
  return Math.max(0, roomOf(budget, nowMs) - withheldAt(budget, nowMs) - foreignAt(budget, nowMs));
}

/** Calls of budgets above this are counted from the next half second on: a million moments would fill the memory. */
const EXACT = 7_200;
const GRAIN_MS = 500;

/** A call begins. */
export function hold(budget: Budget): void {
  budget.held += 1;
}

/** The call surely never left. */
export function giveBack(budget: Budget): void {
  budget.held -= 1;
}

/** The call ended, and Bitbucket may have counted it. */
export function count(budget: Budget, nowMs: number): void {
  budget.held -= 1;
  budget.counted.add(budget.limit > EXACT ? Math.ceil(nowMs / GRAIN_MS) * GRAIN_MS : nowMs, 1);
}

/**
 * Believes Bitbucket when it counts fewer calls left than we do: others may leave from the same address. Never the
 * other way round, for its count may lag behind calls under way. What it took away comes back after `resetMs`.
 */
export function correct(budget: Budget, remaining: number, resetMs: number, nowMs: number): void {
  const missing = leftOf(budget, nowMs) - remaining;
  if (missing <= 0) return;
  budget.withheld = { calls: withheldAt(budget, nowMs) + missing, untilMs: nowMs + resetMs };
}

/** The store says that `remaining` calls are left for this gateway and that there are more in `growsInMs`. */
export function adopt(budget: Budget, remaining: number, growsInMs: number, nowMs: number): void {
  const calls = Math.max(0, roomOf(budget, nowMs) - remaining);
  budget.foreign = { calls, untilMs: nowMs + growsInMs };
}

/** A 429: nothing is left for `forMs`. */
export function markSpent(budget: Budget, forMs: number, nowMs: number): void {
  budget.spentUntilMs = Math.max(budget.spentUntilMs, nowMs + forMs);
}

/** How long until a call may begin, ms; 0 when one may now. Calls under way are taken as counted from now on. */
export function restOf(budget: Budget, nowMs: number): number {
  if (leftOf(budget, nowMs) > 0) return 0;
  const lacking = 1 - (roomOf(budget, nowMs) - withheldAt(budget, nowMs) - foreignAt(budget, nowMs));
  return Math.max(1, budget.spentUntilMs - nowMs, lacking > 0 ? freeInMs(budget, lacking, nowMs) : 0);
}

/** When the passing of time alone gives calls back next, ms from now; Infinity when nothing is out. */
export function growsInMs(budget: Budget, nowMs: number): number {
  const oldestMs = budget.counted.oldestMs(nowMs);
  const earliestMs = Math.min(
    ifAhead(budget.spentUntilMs, nowMs),
    ifAhead(budget.withheld.untilMs, nowMs),
    ifAhead(nextForeignMs(budget, nowMs), nowMs),
    oldestMs === undefined ? Number.POSITIVE_INFINITY : ifAhead(oldestMs + BUDGET_WINDOW_MS, nowMs),
  );
  return earliestMs - nowMs;
}

const ifAhead = (atMs: number, nowMs: number) => (atMs > nowMs ? atMs : Number.POSITIVE_INFINITY);

/** What is left when strangers and other gateways are not looked at. */
const roomOf = (budget: Budget, nowMs: number) => budget.limit - budget.held - budget.counted.total(nowMs);

const withheldAt = ({ withheld }: Budget, nowMs: number) => (nowMs < withheld.untilMs ? withheld.calls : 0);

/** A budget that is used evenly grows by one call in this time, ms. */
const paceOf = (budget: Budget) => BUDGET_WINDOW_MS / budget.limit;

function foreignAt(budget: Budget, nowMs: number): number {
  const { calls, untilMs } = budget.foreign;
  if (calls === 0 || nowMs < untilMs) return calls;
  return Math.max(0, calls - 1 - Math.floor((nowMs - untilMs) / paceOf(budget)));
}

function nextForeignMs(budget: Budget, nowMs: number): number {
  const { untilMs } = budget.foreign;
  if (foreignAt(budget, nowMs) === 0) return Number.NEGATIVE_INFINITY;
  if (nowMs < untilMs) return untilMs;
  return untilMs + (Math.floor((nowMs - untilMs) / paceOf(budget)) + 1) * paceOf(budget);
}

/** The earliest of: own calls an hour old, strangers' calls back, other gateways' calls back. */
function freeInMs(budget: Budget, lacking: number, nowMs: number): number {
  const moments = [nowMs + BUDGET_WINDOW_MS];
  const ownMs = budget.counted.goneAtMs(lacking, nowMs);
  if (ownMs !== undefined) moments.push(ownMs);
  if (withheldAt(budget, nowMs) >= lacking) moments.push(budget.withheld.untilMs);
  if (foreignAt(budget, nowMs) >= lacking)
    moments.push(nextForeignMs(budget, nowMs) + (lacking - 1) * paceOf(budget));
  return Math.min(...moments) - nowMs;
}
