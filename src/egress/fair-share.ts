import { BUDGET_WINDOW_MS } from './budget-store.ts';

interface Account {
  readonly accountId: string;
  /** The account's part: its plan's calls a second. */
  readonly weight: number;
}

/** Below this part of the hour's budget, exits are scarce. */
const SCARCE = 0.2;

export const isScarce = (left: number, whole: number): boolean => left < whole * SCARCE;

/** Divides what is left of the hour between the accounts that called in it, once it is scarce. */
export function createFairShare() {
  const used = new Map<string, { weight: number; times: number[] }>();

  const forget = (nowMs: number) => {
    for (const [id, use] of used) {
      const first = use.times.findIndex((time) => time > nowMs - BUDGET_WINDOW_MS);
      if (first < 0) used.delete(id);
      else if (first > 0) use.times.splice(0, first);
    }
  };

  return {
    /** Whether `account` may have one of the `left` calls of `whole`: always while there are enough. */
    admits: ({ accountId, weight }: Account, left: number, whole: number, nowMs: number): boolean => {
      if (left === 0 || !isScarce(left, whole)) return true;
      forget(nowMs);
      const weights = [...used].reduce((sum, [id, use]) => sum + (id === accountId ? 0 : use.weight), weight);
      return (used.get(accountId)?.times.length ?? 0) < (whole * weight) / weights;
    },
    note: ({ accountId, weight }: Account, nowMs: number): void => {
      const use = used.get(accountId) ?? { weight, times: [] };
      use.weight = weight;
      use.times.push(nowMs);
      used.set(accountId, use);
    },
  };
}
