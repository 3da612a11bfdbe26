import type { Clock } from '../../domain/clock.ts';
import type { BudgetStore } from './budget-store.ts';
import { LeaseBook } from './lease-book.ts';

/** Budgets that end with this process. For tests and benchmarks. */
export function createMemoryBudgetStore(clock: Clock): BudgetStore {
  const book = new LeaseBook();
  return {
    load: async (exitIds) => new Map(exitIds.map((id) => [id, book.spending(id, clock.monotonic())])),
    lease: async (wanted, ended) => {
      const nowMs = clock.monotonic();
      for (const lease of ended) book.end(lease, nowMs);
      return book.lease(wanted, nowMs);
    },
    end: async (ended) => {
      for (const lease of ended) book.end(lease, clock.monotonic());
    },
    markSpent: async (exitId, forMs) => {
      book.markSpent(exitId, clock.monotonic() + forMs);
    },
  };
}
