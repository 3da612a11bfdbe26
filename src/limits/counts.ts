/**
 * A month of an account as one gateway knows it. `spent` and `refunded` are this gateway's own and only grow; it says
 * them with every step, and of what it says and what the store has the larger one stands. So what a failover forgot,
 * and what was served while the store was away, is there again with the next step, once.
 */
export interface Counts {
  spent: number;
  refunded: number;
  /** Of all gateways, when last heard, with our own changes since. */
  used: number;
  /** Calls served while the store was away, which it has not heard of. */
  debt: number;
  /** What the store said last that it has of ours. */
  heardSpent: number;
  heardRefunded: number;
}

/** What a step is told. */
export interface Told {
  readonly spent: number;
  readonly refunded: number;
  readonly debt: number;
}

/** What a step answers: our own as merged and all gateways' together, both with what it granted. */
export interface Heard {
  readonly spent: number;
  readonly refunded: number;
  readonly used: number;
  readonly granted: number;
}

export const newCounts = (used = 0): Counts => ({
  spent: 0,
  refunded: 0,
  used,
  debt: 0,
  heardSpent: 0,
  heardRefunded: 0,
});

export const toldOf = ({ spent, refunded, debt }: Counts): Told => ({ spent, refunded, debt });

/** Whether the store has to hear of something. */
export const isUntold = (counts: Counts): boolean =>
  counts.spent !== counts.heardSpent || counts.refunded !== counts.heardRefunded;

/**
 * Takes an answer in. What the store counted for us and we do not know of was granted to calls that had been refused
 * by then: it is ours to give back. `late`: the calls of this very step have been refused, or served by the grant.
 */
export function hear(counts: Counts, told: Told, heard: Heard, late: boolean): void {
  const granted = late ? 0 : heard.granted;
  const unknown = Math.max(0, heard.spent - granted - counts.spent);
  counts.spent += unknown + granted;
  counts.refunded += unknown;
  counts.debt = Math.max(0, counts.debt - told.debt);
  counts.heardSpent = heard.spent;
  counts.heardRefunded = heard.refunded;
  counts.used = heard.used + (counts.spent - heard.spent) - (counts.refunded - heard.refunded);
}

/** Serves one call though the store is away. False: the grant is used up. */
export function serveAway(counts: Counts, grant: number): boolean {
  if (counts.debt >= grant) return false;
  counts.debt += 1;
  counts.spent += 1;
  counts.used += 1;
  return true;
}

/** One call comes back. That leaves the grant as it is: a refund is no call served. */
export function giveBack(counts: Counts): void {
  counts.refunded += 1;
  counts.used -= 1;
}
