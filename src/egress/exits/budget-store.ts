/** How long a lease lasts, ms. */
export const LEASE_MS = 10_000;
/** Calls of one exit that a gateway may hold reserved at once: five of Bitbucket's sixty, and as large a part of more. */
export const leaseCallsOf = (limit: number): number => Math.max(5, Math.floor(limit / 12));

/** What the store has counted of one exit's rolling hour. */
export interface Spending {
  /** Calls counted: used ones, and those that are leased at this moment. */
  readonly calls: number;
  /** When the oldest of them is an hour old, ms from now; 0 when there are none. */
  readonly growsInMs: number;
  /** How long a 429 of Bitbucket spends it yet, ms; 0 when none does. */
  readonly restMs: number;
}

/** What is asked for: some calls of one exit, reserved before they are used. */
export interface LeaseWanted {
  readonly exitId: string;
  /** Made by the gateway, never used twice: what a lease is ended under, also one whose answer was lost. */
  readonly leaseId: string;
  /** Calls that the exit may make in any 60 minutes. */
  readonly limit: number;
  /** At most so many; see `leaseCallsOf`. */
  readonly calls: number;
}

/** A lease that is over and has no call under way. */
export interface LeaseEnded {
  readonly exitId: string;
  readonly leaseId: string;
  readonly used: number;
  /** How long ago its last call ended, ms: from then on its calls are counted. */
  readonly agoMs: number;
}

export interface LeaseAnswer {
  /** Calls reserved; 0 when the exit is spent. */
  readonly calls: number;
  /** Calls beside them that are left for all. */
  readonly left: number;
  /** When there will be more, ms from now: after a refusal, when it makes sense to ask again. */
  readonly growsInMs: number;
}

/**
 * The calls that each exit has made in the last 60 minutes, over all gateways that share the store and over
 * restarts, so that no address gets a whole budget more than once.
 *
 * Promise: never more than `limit` calls of one exit are counted or leased within any 60 minutes. A lease is counted
 * from its end (`LEASE_MS` after it was granted), so that whatever a gateway that dies had sent is never forgotten;
 * `ended` counts what was used from its own end and gives the rest back. All methods reject while the store is away,
 * within the store's own time limit; ending a lease twice does no harm.
 *
 * Exits are named by `Minted.id`; those that live no longer than this process need not come here.
 */
export interface BudgetStore {
  /** What each of `exitIds` has spent. Exits that spent nothing may be left out. */
  load(exitIds: readonly string[]): Promise<ReadonlyMap<string, Spending>>;
  /** Ends `ended` (leases of the same exit), then reserves: one step. */
  lease(wanted: LeaseWanted, ended: readonly LeaseEnded[]): Promise<LeaseAnswer>;
  /** Ends leases of any exits, many in one write. */
  end(ended: readonly LeaseEnded[]): Promise<void>;
  /** Bitbucket says that nothing is left for `forMs`. The later of two such words stands. */
  markSpent(exitId: string, forMs: number): Promise<void>;
}

/** How many of the `left` calls one lease takes: near the end few, so that others get some too. */
export const leaseSize = (wanted: number, left: number): number =>
  Math.max(0, Math.min(wanted, left, Math.max(1, Math.floor(left / 4))));
