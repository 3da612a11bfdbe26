import { describe, expect, it } from 'vitest';
import type { BudgetStore, LeaseAnswer } from '../../../src/egress/exits/budget-store.ts';
import type { Exit } from '../../../src/egress/exits/port.ts';
import { createVirtualClock } from '../../virtual-clock.ts';
import { answered, createWorld, fakeSource, HOUR_MS, unsent } from './world.ts';

const sources = (count: number) => Array.from({ length: count }, (_, i) => fakeSource(`e${i}`));
const GRANTED: LeaseAnswer = { calls: 5, left: 55, growsInMs: HOUR_MS };
const REFUSED: LeaseAnswer = { calls: 0, left: 0, growsInMs: 90_000 };

/** A store that answers each exit as the test says; null: it is away. */
function storeOf(answerOf: (exitId: string) => LeaseAnswer | null) {
  const asked: string[] = [];
  const read: string[] = [];
  const store: BudgetStore = {
    load: async (ids) => {
      read.push(ids.join());
      return new Map();
    },
    lease: async ({ exitId }) => {
      asked.push(exitId);
      const answer = answerOf(exitId);
      if (answer === null) throw new Error('away');
      return answer;
    },
    end: async () => {},
    markSpent: async () => {},
  };
  return { store, asked, read };
}

describe('what the store refuses', () => {
  it('of one exit is asked of another', async () => {
    const { store, asked } = storeOf((id) => (id === 'e0' ? REFUSED : GRANTED));
    const { reserve } = createWorld(sources(2), { budgets: store });
    for (let i = 0; i < 10; i += 1) expect((await reserve()).exit.label).toBe('e1');
    expect(asked.filter((id) => id === 'e0').length).toBeLessThanOrEqual(1);
  });

  it('of twelve exits in one call ends it; all were read anew after three', async () => {
    const { store, asked, read } = storeOf(() => REFUSED);
    const { reserve } = createWorld(sources(20), { budgets: store });
    await expect(reserve()).rejects.toMatchObject({
      code: 'exits_exhausted',
      message: expect.stringContaining('exits'),
      retryAfterMs: 1_000,
    });
    expect([asked.length, new Set(asked).size, read.length]).toEqual([12, 12, 1]);
    expect(read[0]?.split(',')).toHaveLength(20);
  });

  it('of the ceiling ends the call at once, with its time', async () => {
    const { store, asked } = storeOf((id) => (id === 'ceiling' ? REFUSED : GRANTED));
    const { pool, reserve } = createWorld(sources(3), { budgets: store, hourlyCeiling: 100 });
    await expect(reserve()).rejects.toMatchObject({
      code: 'exits_exhausted',
      message: expect.stringContaining('in this hour are used up'),
      retryAfterMs: 90_000,
    });
    expect(asked).toHaveLength(2);
    expect(pool.restMs()).toBe(90_000);
    await expect(reserve()).rejects.toMatchObject({ message: expect.stringContaining('hour are used up') });
    expect(asked).toHaveLength(2);
  });
});

describe('while the store is away', () => {
  it('an exit that holds a lease is found among many; with a ceiling, only where that is leased too', async () => {
    for (const hourlyCeiling of [null, 100]) {
      const away = new Set<string>();
      const { store } = storeOf((id) => (away.has('all') || away.has(id) ? null : GRANTED));
      const { reserve } = createWorld(sources(200), { budgets: store, hourlyCeiling });
      const first = await reserve();
      away.add('all');
      for (let i = 0; i < 4; i += 1) expect((await reserve()).exit).toBe(first.exit);
      await expect(reserve()).rejects.toMatchObject({ code: 'store_unavailable', retryAfterMs: 1_000 });
    }
  });

  it('a session needs no lease of its own, but one of the ceiling', async () => {
    const away = new Set<string>();
    const { store } = storeOf((id) => (away.has(id) ? null : GRANTED));
    const gate = fakeSource('gate', { many: true });
    const { reserve } = createWorld([gate], { budgets: store, hourlyCeiling: 100 });
    (await reserve()).settle(answered());
    away.add('ceiling');
    for (let i = 0; i < 4; i += 1) (await reserve()).settle(answered());
    await expect(reserve()).rejects.toMatchObject({ code: 'store_unavailable' });
  });

  it('a lease of an exit that left service is of no use', async () => {
    const away = new Set<string>();
    const { store } = storeOf(() => (away.size > 0 ? null : GRANTED));
    const { pool, reserve } = createWorld(sources(2), { budgets: store });
    const first = await reserve();
    away.add('all');
    pool.setAside(first.exit.label);
    await expect(reserve()).rejects.toMatchObject({ code: 'store_unavailable' });
    pool.bringBack(first.exit.label);
    expect((await reserve()).exit).toBe(first.exit);
  });

  it('what was taken in vain is given back', async () => {
    const { store } = storeOf(() => null);
    const { pool, reserve } = createWorld(sources(2), { budgets: store, hourlyCeiling: 100 });
    for (let i = 0; i < 10; i += 1)
      await expect(reserve()).rejects.toMatchObject({ code: 'store_unavailable' });
    expect(pool.snapshot().map(({ left, inFlight }) => [left, inFlight])).toEqual([
      [60, 0],
      [60, 0],
    ]);
  });
});

describe('whether another exit could take a call', () => {
  it('counts those in service alone, avoided or not', async () => {
    const { pool, reserve } = createWorld(sources(2), { hourlyBudget: 1 });
    const nothing: Exit[] = [];
    const one = await reserve();
    expect([pool.hasOther(nothing), pool.hasOther([one.exit])]).toEqual([true, true]);
    const two = await reserve();
    expect([pool.hasOther(nothing), pool.hasOther([one.exit])]).toEqual([false, false]);
    two.settle(unsent({ verdict: 'timeout', words: 'timed out' }));
    expect([pool.hasOther([one.exit]), pool.hasOther([two.exit])]).toEqual([true, false]);
  });

  it('and how scarce calls are follow the time by themselves', async () => {
    for (const ask of ['hasOther', 'isScarce', 'restMs'] as const) {
      const { pool, clock, reserve } = createWorld(sources(1), { hourlyBudget: 1 });
      const held = await reserve();
      held.settle(answered());
      const answers = () =>
        ({ hasOther: pool.hasOther([]), isScarce: !pool.isScarce(), restMs: pool.restMs() === 0 })[ask];
      expect(answers()).toBe(false);
      await clock.pass(HOUR_MS);
      expect(answers()).toBe(true);
    }
  });
});

describe('how long until a call may leave', () => {
  it('is nothing while an exit is in service, whatever happens to others', async () => {
    const { pool, reserve } = createWorld(sources(2), { hourlyBudget: 1 });
    (await reserve()).settle(answered());
    expect(pool.restMs()).toBe(0);
    (await reserve()).settle(answered(429, { 'retry-after': '7200' }));
    expect(pool.restMs()).toBe(HOUR_MS);
  });

  it('is the ceiling’s time where that is spent', async () => {
    const { pool, clock, reserve } = createWorld(sources(2), { hourlyCeiling: 1 });
    expect(pool.restMs()).toBe(0);
    (await reserve()).settle(answered());
    expect(pool.restMs()).toBe(HOUR_MS);
    await clock.pass(HOUR_MS - 5_000);
    expect(pool.restMs()).toBe(5_000);
  });
});

it('an exit knows how long its call took, from the moment it was taken', async () => {
  const clock = createVirtualClock();
  const { pool, reserve } = createWorld(sources(1), { clock });
  const held = await reserve();
  await clock.pass(700);
  held.settle({ kind: 'fault', fault: { verdict: 'timeout', words: 'timed out' }, sent: true });
  expect(pool.snapshot()[0]?.latencyMs).toBe(700);
});
