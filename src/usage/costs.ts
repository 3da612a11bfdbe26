import { type Clock, repeat } from '../domain/clock.ts';
import type { CostsDesk } from '../domain/operator.ts';
import type { UsageRow } from '../domain/usage.ts';
import { EVERYONE, EXITS, exitsOf } from '../domain/usage.ts';
import { monthOf } from '../domain/usage-summary.ts';
import {
  answeredIn,
  costPerThousandOf,
  type Prices,
  sourceCostOf,
  sourceUsesOf,
  sumOfCosts,
} from './traffic.ts';
import type { TrafficBudget } from './traffic-budget.ts';

/** How often answered calls are looked at, ms. */
const LOOK_EVERY_MS = 60_000;

export interface CostsOptions {
  readonly prices: Prices;
  readonly traffic: Pick<TrafficBudget, 'sources'>;
  /** What an account used, see `UsageBook.read`. */
  read(account: string, month: string): Promise<readonly UsageRow[]>;
  readonly clock: Clock;
}

/** What traffic costs, as operators ask for it. */
export interface Costs extends CostsDesk {
  /** Knows what was answered before this start; never rejects. */
  ready(): Promise<void>;
  close(): void;
}

export function createCosts({ prices, traffic, read, clock }: CostsOptions): Costs {
  let known: { readonly month: string; readonly answered: number } | null = null;
  const look = async () => {
    const month = monthOf(clock.now());
    known = { month, answered: answeredIn(await read(EVERYONE, month)) };
  };
  const stop = repeat(clock, LOOK_EVERY_MS, look);
  return {
    month: () => {
      const month = monthOf(clock.now());
      const sources = traffic.sources().map(({ source, bytes, limitBytes, traffic }) => {
        return { source, bytes, cost: sourceCostOf(prices, source, bytes), budgetBytes: limitBytes, traffic };
      });
      const cost = sumOfCosts(prices, sources);
      const answered = known?.month === month ? known.answered : 0;
      return { month, sources, cost, answered, costPerThousand: costPerThousandOf(cost, answered) };
    },
    exits: async (account, month) => {
      const sources = sourceUsesOf(prices, await read(account === null ? EXITS : exitsOf(account), month));
      return { sources, cost: sumOfCosts(prices, sources) };
    },
    ready: () => look().catch(() => {}),
    close: stop,
  };
}
