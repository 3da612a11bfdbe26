import { expect, it } from 'vitest';
import type { UsageRow } from '../../src/domain/usage.ts';
import { createCosts } from '../../src/usage/costs.ts';
import { createVirtualClock } from '../virtual-clock.ts';

/** Two entries, one with a price of its own, and what the store says under each name. */
function world() {
  const clock = createVirtualClock(Date.parse('2026-06-30T23:50:00Z'));
  const kept: Record<string, readonly UsageRow[]> = {};
  const state = { isAway: false };
  const terms = new Map([
    ['p1', { pricePerGb: 10, gbPerMonth: 5 }],
    ['p2', { pricePerGb: null, gbPerMonth: null }],
  ]);
  const sources = [
    { source: 'p1', bytes: 4.5e9, limitBytes: 5e9, traffic: 'near' as const },
    { source: 'p2', bytes: 1e9, limitBytes: null, traffic: 'within' as const },
  ];
  const costs = createCosts({
    prices: { pricePerGb: 2, terms: () => terms },
    traffic: { sources: () => sources },
    read: async (account, month) => {
      if (state.isAway) throw new Error('away');
      return kept[`${account} ${month}`] ?? [];
    },
    clock,
  });
  return { costs, clock, kept, state };
}
const row = (more: Partial<UsageRow>): UsageRow => ({
  ...{ day: '2026-06-01', endpoint: 'getMeta', code: 'ok', calls: 1, charged: 1, bytesOut: 0, bytesExit: 0 },
  ...more,
});

it('the present month costs what its entries cost, and 1,000 answered calls their part of it', async () => {
  const { costs, kept, clock, state } = world();
  kept['* 2026-06'] = [row({ calls: 4_000 }), row({ code: 'rate_exceeded', calls: 9_000 })];
  expect(costs.month()).toMatchObject({ answered: 0, costPerThousand: null });
  await costs.ready();
  expect(costs.month()).toEqual({
    month: '2026-06',
    sources: [
      { source: 'p1', bytes: 4.5e9, cost: 45, budgetBytes: 5e9, traffic: 'near' },
      { source: 'p2', bytes: 1e9, cost: 2, budgetBytes: null, traffic: 'within' },
    ],
    cost: 47,
    answered: 4_000,
    costPerThousand: 11.75,
  });
  kept['* 2026-06'] = [row({ calls: 8_000 })];
  await clock.pass(59_000);
  expect(costs.month().answered).toBe(4_000);
  await clock.pass(1_000);
  expect(costs.month().answered).toBe(8_000);
  state.isAway = true;
  await clock.pass(60_000);
  expect(costs.month().answered).toBe(8_000);
  await clock.pass(8 * 60_000);
  expect(costs.month()).toMatchObject({ month: '2026-07', answered: 0, costPerThousand: null });
  costs.close();
  state.isAway = false;
  kept['* 2026-07'] = [row({ calls: 1 })];
  await clock.pass(120_000);
  expect(costs.month().answered).toBe(0);
});

it('a start without a store knows of no answer', async () => {
  const { costs, state } = world();
  state.isAway = true;
  await costs.ready();
  expect(costs.month().answered).toBe(0);
});

it('any month, of everyone or of one account, is told by entry', async () => {
  const { costs, kept, state } = world();
  kept['> 2026-05'] = [
    row({ endpoint: 'p1', code: 'answered', calls: 7, bytesExit: 1e8 }),
    row({ endpoint: 'gone', code: 'blocked', calls: 2, bytesExit: 1e9 }),
  ];
  kept['>acct_1 2026-05'] = [row({ endpoint: 'p1', code: 'all', calls: 3, bytesExit: 5e7 })];
  expect(await costs.exits(null, '2026-05')).toEqual({
    sources: [
      { source: 'gone', requests: 2, bytes: 1e9, cost: 2 },
      { source: 'p1', requests: 7, bytes: 1e8, cost: 1 },
    ],
    cost: 3,
  });
  expect(await costs.exits('acct_1', '2026-05')).toEqual({
    sources: [{ source: 'p1', requests: 3, bytes: 5e7, cost: 0.5 }],
    cost: 0.5,
  });
  expect(await costs.exits('acct_2', '2026-05')).toEqual({ sources: [], cost: 0 });
  state.isAway = true;
  await expect(costs.exits(null, '2026-05')).rejects.toThrow('away');
});
