import type { LeaseEnded } from './budget-store.ts';
import type { LeaseOver } from './lease.ts';

/** Kept while the store is away; those beyond are counted by it from their end, as if all was used. */
const MAX_UNTOLD = 10_000;

/** Leases that are over, until the store has heard of them. What is taken out and could not be told comes back by `keep`. */
export class Untold {
  readonly #byExit = new Map<string, LeaseOver[]>();
  #count = 0;

  get size(): number {
    return this.#count;
  }

  keep(over: readonly LeaseOver[]): void {
    for (const lease of over.slice(0, MAX_UNTOLD - this.#count)) {
      this.#count += 1;
      const known = this.#byExit.get(lease.exitId);
      if (known === undefined) this.#byExit.set(lease.exitId, [lease]);
      else known.push(lease);
    }
  }

  /** Takes out those of one exit. */
  takeOf(exitId: string): readonly LeaseOver[] {
    const over = this.#byExit.get(exitId) ?? [];
    this.#byExit.delete(exitId);
    this.#count -= over.length;
    return over;
  }

  /** Takes out all. */
  takeAll(): readonly LeaseOver[] {
    return [...this.#byExit.keys()].flatMap((exitId) => this.takeOf(exitId));
  }
}

/** In the store's words: it has a clock of its own, so that only ages are told. */
export const endedOf = ({ endedAtMs, ...lease }: LeaseOver, nowMs: number): LeaseEnded => ({
  ...lease,
  agoMs: nowMs - endedAtMs,
});
