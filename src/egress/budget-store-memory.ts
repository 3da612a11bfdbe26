import type { BudgetStore } from './budget-store.ts';

/** Keeps nothing: the gateway's own count is all there is. For tests. */
export const createMemoryBudgetStore = (): BudgetStore => ({
  shared: false,
  load: async () => new Map(),
  take: async () => true,
  giveBack: async () => {},
  markSpent: async () => {},
  close: async () => {},
});
