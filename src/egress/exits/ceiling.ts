import { createBudget } from './budget.ts';
import type { Purse } from './reservation.ts';

/** The calls that all exits together may make in any 60 minutes; the store counts it as one exit more. */
export const createCeiling = (limit: number): Purse => ({
  id: 'ceiling',
  budget: createBudget(limit),
  kept: true,
});
