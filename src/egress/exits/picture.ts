import type { Clock } from '../../domain/clock.ts';
import { adopt, markSpent } from './budget.ts';
import type { BudgetStore, Spending } from './budget-store.ts';
import type { BudgetLeases } from './leases.ts';
import type { Purse } from './reservation.ts';

export interface PictureOptions {
  readonly store: BudgetStore;
  readonly clock: Clock;
  readonly leases: Pick<BudgetLeases, 'unused'>;
  readonly changed: (purse: Purse) => void;
}

/** What other gateways and earlier processes have spent: read at the start, and again when it proves out of date. */
export class Picture {
  readonly #options: PictureOptions;
  #reading: Promise<void> | null = null;

  constructor(options: PictureOptions) {
    this.#options = options;
  }

  /** Reads what the store has counted of `purses`; all who ask meanwhile wait for the same answer. */
  read(purses: readonly Purse[]): Promise<void> {
    this.#reading ??= this.#read(purses).finally(() => {
      this.#reading = null;
    });
    return this.#reading;
  }

  async #read(purses: readonly Purse[]): Promise<void> {
    const kept = purses.filter((purse) => purse.kept);
    if (kept.length === 0) return;
    const spendings = await this.#options.store.load(kept.map(({ id }) => id));
    for (const purse of kept) {
      const spending = spendings.get(purse.id);
      if (spending !== undefined) this.#adopt(purse, spending);
    }
  }

  #adopt(purse: Purse, { calls, growsInMs, restMs }: Spending): void {
    const { clock, leases, changed } = this.#options;
    const nowMs = clock.monotonic();
    adopt(purse.budget, purse.budget.limit - calls + leases.unused(purse.id), growsInMs, nowMs);
    if (restMs > 0) markSpent(purse.budget, restMs, nowMs);
    changed(purse);
  }
}
