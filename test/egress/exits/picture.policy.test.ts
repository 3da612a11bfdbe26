import { expect, it } from 'vitest';
import { hold, leftOf, restOf } from '../../../src/egress/exits/budget.ts';
import type { BudgetStore, Spending } from '../../../src/egress/exits/budget-store.ts';
import { createCeiling } from '../../../src/egress/exits/ceiling.ts';
import { Picture } from '../../../src/egress/exits/picture.ts';
import type { Purse } from '../../../src/egress/exits/reservation.ts';
import { createVirtualClock } from '../../virtual-clock.ts';
import { HOUR_MS } from './world.ts';

/** A store that has counted what the test says. */
function createDesk(
  spendings: Readonly<Record<string, Spending>>,
  unused: Readonly<Record<string, number>> = {},
) {
  const clock = createVirtualClock();
  const asked: (readonly string[])[] = [];
  const changed: string[] = [];
  const store = {
    load: async (ids: readonly string[]) => {
      asked.push(ids);
      return new Map(ids.flatMap((id) => (spendings[id] === undefined ? [] : [[id, spendings[id]]])));
    },
  } as unknown as BudgetStore;
  const picture = new Picture({
    store,
    clock,
    leases: { unused: (id) => unused[id] ?? 0 },
    changed: ({ id }) => void changed.push(id),
  });
  return { clock, asked, changed, picture };
}

const purse = (id: string, kept = true): Purse => ({ ...createCeiling(10), id, kept });

it('what others have spent is adopted, and comes back when the store says', async () => {
  const { clock, changed, picture } = createDesk({ a: { calls: 7, growsInMs: 4_000, restMs: 0 } });
  const a = purse('a');
  await picture.read([a, purse('unknown')]);
  expect([leftOf(a.budget, clock.monotonic()), changed]).toEqual([3, ['a']]);
  await clock.pass(4_000);
  expect(leftOf(a.budget, clock.monotonic())).toBe(4);
});

it('calls that are leased here and unused are not spent', async () => {
  const { clock, picture } = createDesk({ a: { calls: 7, growsInMs: 4_000, restMs: 0 } }, { a: 2 });
  const a = purse('a');
  hold(a.budget);
  await picture.read([a]);
  expect(leftOf(a.budget, clock.monotonic())).toBe(5);
});

it('an exit that a 429 has spent rests as long as the store says', async () => {
  const { clock, picture } = createDesk({
    a: { calls: 0, growsInMs: 0, restMs: 90_000 },
    b: { calls: 0, growsInMs: 0, restMs: 0 },
  });
  const [a, b] = [purse('a'), purse('b')];
  await picture.read([a, b]);
  const nowMs = clock.monotonic();
  expect([leftOf(a.budget, nowMs), restOf(a.budget, nowMs)]).toEqual([0, 90_000]);
  expect([leftOf(b.budget, nowMs), b.budget.spentUntilMs]).toEqual([10, Number.NEGATIVE_INFINITY]);
});

it('the store is asked for those that it counts, and not at all where there is none', async () => {
  const { asked, picture } = createDesk({});
  await picture.read([purse('a'), purse('session', false), purse('b')]);
  await picture.read([purse('session', false)]);
  await picture.read([]);
  expect(asked).toEqual([['a', 'b']]);
});

it('all who ask meanwhile wait for the same answer; later ones ask again', async () => {
  const { asked, picture } = createDesk({ a: { calls: 1, growsInMs: HOUR_MS, restMs: 0 } });
  await Promise.all([picture.read([purse('a')]), picture.read([purse('a')])]);
  expect(asked).toHaveLength(1);
  await picture.read([purse('a')]);
  expect(asked).toHaveLength(2);
});
