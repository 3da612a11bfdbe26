/** Bitbucket counts an address's calls over any 60 minutes, not by the hour of the clock. */
export const BUDGET_WINDOW_MS = 3_600_000;

/** What one exit has spent of its rolling hour. */
export interface ExitSpending {
  /** When its counted calls were taken, oldest first; ms since the epoch on this gateway's clock. */
  readonly times: readonly number[];
  /** Until when a 429 of the upstream has spent it, ms since the epoch; null when none stands. */
  readonly spentUntilMs: number | null;
}

/**
 * The calls each exit has made in the last 60 minutes, kept so that a restart does not send a whole budget more
 * through an address that has none left.
 *
 * Promise: never more than `limit` takes of one exit within any 60 minutes, over all gateways that share the store;
 * what was given back counts as never taken. No method rejects or hangs because the store is out of reach: the
 * gateway's own count decides then (see `createRedisBudgetStore`).
 *
 * Exits are named by `ExitSpec.exitId`; the id of an exit that lives only as long as its tunnel (rotating entries)
 * need not come here. Times are ms since the epoch.
 */
export interface BudgetStore {
  /** Whether other gateways may spend from the same budgets. */
  readonly shared: boolean;
  /** What each of `exitIds` has spent after `sinceMs`. Exits that spent nothing are left out. */
  load(exitIds: readonly string[], sinceMs: number): Promise<ReadonlyMap<string, ExitSpending>>;
  /** Checks and counts one call in one step. False means refused: `limit` reached, or spent by `markSpent`. */
  take(exitId: string, atMs: number, limit: number): Promise<boolean>;
  /** Takes back the call that was taken with the same `atMs`; for requests that surely never left. */
  giveBack(exitId: string, atMs: number): Promise<void>;
  /** The upstream says that nothing is left until `untilMs`. The later of two such words stands. */
  markSpent(exitId: string, untilMs: number): Promise<void>;
  /** Writes what is still unwritten. The database or connection handed in stays open: its opener closes it. */
  close(): Promise<void>;
}
