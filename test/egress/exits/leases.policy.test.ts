import { describe, expect, it } from 'vitest';
import {
  type BudgetStore,
  LEASE_MS,
  type LeaseAnswer,
  type LeaseEnded,
  leaseSize,
} from '../../../src/egress/exits/budget-store.ts';
import { BudgetLease, type LeasedCall } from '../../../src/egress/exits/lease.ts';
import { LeaseBook } from '../../../src/egress/exits/lease-book.ts';
import { BudgetLeases, type LeaseRefused } from '../../../src/egress/exits/leases.ts';
import { endedOf, Untold } from '../../../src/egress/exits/untold.ts';
import { createVirtualClock, notingWaits } from '../../virtual-clock.ts';
import { answered, createWorld, fakeSource, HOUR_MS, unsent } from './world.ts';

interface Asked {
  readonly exitId: string;
  readonly leaseId: string;
  readonly ended: readonly LeaseEnded[];
}

/** A store that is asked by hand. */
function createDesk(answer: LeaseAnswer = { calls: 3, left: 7, growsInMs: 5_000 }) {
  const virtual = createVirtualClock();
  const { clock, waits: timers } = notingWaits(virtual);
  const asked: Asked[] = [];
  const told: LeaseEnded[] = [];
  const heard: [string, number, number][] = [];
  const desk = {
    answer,
    isAway: false,
    delayMs: 0,
    /** Writes that told of ended leases alone. */
    writes: 0,
    timers,
    clock,
    asked,
    told,
    heard,
  };
  const store: BudgetStore = {
    load: async () => new Map(),
    lease: async ({ exitId, leaseId, limit, calls }, ended) => {
      expect([limit, calls]).toEqual([60, 5]);
      asked.push({ exitId, leaseId, ended });
      if (desk.delayMs > 0) await new Promise<void>((done) => virtual.after(desk.delayMs, done));
      if (desk.isAway) throw new Error('away');
      return desk.answer;
    },
    end: async (ended) => {
      desk.writes += 1;
      if (desk.isAway) throw new Error('away');
      told.push(...ended);
    },
    markSpent: async () => {},
  };
  const leases = new BudgetLeases({
    store,
    clock,
    gatewayId: 'g',
    heard: (exitId, remaining, growsInMs) => void heard.push([exitId, remaining, growsInMs]),
  });
  const take = async (exitId = 'e') => (await leases.take(exitId, 60)) as LeasedCall;
  return { ...desk, desk, leases, take };
}

describe('a lease', () => {
  it('is asked for once for as many calls as it holds', async () => {
    const { leases, take, asked, heard } = createDesk();
    expect([leases.holds('e'), leases.unused('e'), leases.held()]).toEqual([false, 0, []]);
    await take();
    expect([leases.holds('e'), leases.unused('e'), leases.held()]).toEqual([true, 2, ['e']]);
    for (let i = 0; i < 2; i += 1) expect(leases.take('e', 60)).not.toBeInstanceOf(Promise);
    expect([asked.length, leases.holds('e'), leases.unused('e'), leases.held()]).toEqual([1, false, 0, []]);
    await take();
    expect(asked.map(({ leaseId }) => leaseId)).toEqual(['g-1', 'g-2']);
    // The first waits while the store answers: its place is counted already.
    expect(heard[0]).toEqual(['e', 9, 5_000]);
  });

  it('is asked for once by all who wait for the same exit, and again by those it has no call for', async () => {
    const { desk, clock, take, asked, heard } = createDesk();
    desk.delayMs = 10;
    const calls = Promise.all(Array.from({ length: 5 }, () => take()));
    expect(asked).toHaveLength(1);
    await clock.pass(10);
    expect(asked).toHaveLength(2);
    await clock.pass(10);
    expect((await calls).map((call) => 'count' in call)).toEqual([true, true, true, true, true]);
    expect(heard.map(([, remaining]) => remaining)).toEqual([5, 8]);
  });

  it('of one exit is not one of another', async () => {
    const { take, asked } = createDesk();
    await take('e');
    await take('f');
    expect(asked.map(({ exitId }) => exitId)).toEqual(['e', 'f']);
  });

  it('is over when its time is: the rest is given back within a second, what was used counted from its end', async () => {
    const { leases, clock, take, told } = createDesk();
    (await take()).count();
    await clock.pass(LEASE_MS - 1);
    expect([leases.holds('e'), told.length]).toEqual([true, 0]);
    await clock.pass(1);
    expect(leases.holds('e')).toBe(false);
    await clock.pass(1_000);
    expect(told).toEqual([{ exitId: 'e', leaseId: 'g-1', used: 1, agoMs: expect.any(Number) }]);
    expect(told[0]?.agoMs).toBeGreaterThanOrEqual(LEASE_MS);
    expect(told[0]?.agoMs).toBeLessThanOrEqual(LEASE_MS + 1_000);
    await clock.pass(60_000);
    expect(told).toHaveLength(1);
  });

  it('is not told of while a call is under way, and then with the moment of its end', async () => {
    const { clock, take, told } = createDesk();
    const call = await take();
    await clock.pass(LEASE_MS + 20_000);
    expect(told).toEqual([]);
    call.count();
    await clock.pass(1_000);
    expect(told).toMatchObject([{ leaseId: 'g-1', used: 1 }]);
    expect(told[0]?.agoMs).toBeLessThanOrEqual(1_000);
  });

  it('gets back the call that never left', async () => {
    const { leases, take } = createDesk();
    (await take()).giveBack();
    expect(leases.unused('e')).toBe(3);
    for (let i = 0; i < 3; i += 1) expect(leases.take('e', 60)).not.toBeInstanceOf(Promise);
  });

  it('that is used up is ended with the next one, in one step', async () => {
    const { take, asked } = createDesk();
    for (let i = 0; i < 3; i += 1) (await take()).count();
    await take();
    expect(asked[1]?.ended).toEqual([{ exitId: 'e', leaseId: 'g-1', used: 3, agoMs: 0 }]);
    await take('f');
    expect(asked[2]?.ended).toEqual([]);
  });

  it('of which nothing was heard is ended as unused, and told again until the store is back', async () => {
    const { desk, leases, clock, asked, take, told } = createDesk();
    desk.isAway = true;
    await expect(leases.take('e', 60)).rejects.toThrow('away');
    await clock.pass(5_000);
    expect(told).toEqual([]);
    desk.isAway = false;
    await clock.pass(1_000);
    expect(told).toMatchObject([{ leaseId: 'g-1', used: 0 }]);
    await take();
    expect(asked[1]).toMatchObject({ leaseId: 'g-2', ended: [] });
  });

  it('keeps what it could not tell for the next step', async () => {
    const { desk, take, asked, leases } = createDesk();
    for (let i = 0; i < 3; i += 1) (await take()).count();
    desk.isAway = true;
    await expect(leases.take('e', 60)).rejects.toThrow('away');
    desk.isAway = false;
    await take();
    expect(asked[2]?.ended.map(({ leaseId, used }) => [leaseId, used]).sort()).toEqual([
      ['g-1', 3],
      ['g-2', 0],
    ]);
  });

  it('refused says when there will be more, and leaves nothing for this gateway', async () => {
    const { desk, leases, heard } = createDesk({ calls: 0, left: 4, growsInMs: 9_000 });
    expect((await leases.take('e', 60)) as LeaseRefused).toEqual({ growsInMs: 9_000 });
    expect(heard).toEqual([['e', -1, 9_000]]);
    expect(leases.holds('e')).toBe(false);
    expect(desk.asked).toHaveLength(1);
  });

  it('is swept for once a second, while there is one', async () => {
    const { desk, clock, take, timers } = createDesk();
    expect(timers).toEqual([]);
    const call = await take();
    (await take('f')).count();
    expect(timers).toEqual([1_000]);
    await clock.pass(LEASE_MS);
    expect(timers).toEqual(Array.from({ length: 10 }, () => 1_000));
    await clock.pass(60_000);
    expect([timers.length, desk.writes]).toEqual([10, 1]);
    call.count();
    expect(timers).toHaveLength(11);
    await clock.pass(60_000);
    expect([timers.length, desk.writes]).toEqual([11, 2]);
  });

  it('that gave nothing is not swept for, but once', async () => {
    const { desk, leases, clock, timers } = createDesk({ calls: 0, left: 0, growsInMs: 9_000 });
    await leases.take('e', 60);
    await clock.pass(60_000);
    expect([timers.length, desk.writes]).toEqual([1, 0]);
  });

  it('whose answer was lost is told of without another call', async () => {
    const { desk, leases, clock, timers, told } = createDesk();
    desk.isAway = true;
    await expect(leases.take('e', 60)).rejects.toThrow('away');
    expect(timers).toEqual([1_000]);
    await clock.pass(3_500);
    expect([timers.length, desk.writes]).toEqual([4, 3]);
    desk.isAway = false;
    await clock.pass(60_000);
    expect([timers.length, desk.writes, told]).toEqual([
      4,
      4,
      [{ exitId: 'e', leaseId: 'g-1', used: 0, agoMs: 4_000 }],
    ]);
  });

  it('closing gives all back, and asks the store nothing more', async () => {
    const { desk, leases, clock, take, told, timers } = createDesk();
    (await take()).count();
    const late = await take('f');
    const before = timers.length;
    await leases.close();
    expect(told).toMatchObject([{ leaseId: 'g-1', used: 1 }]);
    late.count();
    await clock.pass(60_000);
    expect([told.length, desk.writes, timers.length]).toEqual([1, 1, before]);
  });

  it('closing with nothing leased does not ask the store at all', async () => {
    const { desk, leases } = createDesk();
    await leases.close();
    expect(desk.writes).toBe(0);
  });

  it('closing rejects when the store is away', async () => {
    const { desk, leases, take } = createDesk();
    (await take()).count();
    desk.isAway = true;
    await expect(leases.close()).rejects.toThrow('away');
  });
});

describe('one lease', () => {
  it('holds its calls until it is over: unused, under way or used', () => {
    const lease = new BudgetLease('e', 'g-1', 2, 1_000);
    let nowMs = 1_500;
    let ended = 0;
    const take = () =>
      lease.take(
        () => nowMs,
        () => {
          ended += 1;
        },
      );
    expect(lease.over).toEqual({ exitId: 'e', leaseId: 'g-1', used: 0, endedAtMs: 1_000 });
    expect([lease.unused(nowMs), lease.isUnderWay]).toEqual([2, false]);
    const [one, two] = [take(), take()];
    expect([lease.unused(nowMs), lease.isUnderWay, ended]).toEqual([0, true, 0]);
    one.giveBack();
    expect([lease.unused(nowMs), lease.isUnderWay, ended]).toEqual([1, true, 1]);
    nowMs = 2_000;
    two.count();
    expect([lease.unused(nowMs), lease.isUnderWay, ended]).toEqual([1, false, 2]);
    expect(lease.over).toEqual({ exitId: 'e', leaseId: 'g-1', used: 1, endedAtMs: 2_000 });
    expect([lease.isOver(1_000 + LEASE_MS - 1), lease.unused(1_000 + LEASE_MS - 1)]).toEqual([false, 1]);
    expect([lease.isOver(1_000 + LEASE_MS), lease.unused(1_000 + LEASE_MS)]).toEqual([true, 0]);
  });
});

describe('what the store has not heard yet', () => {
  const over = (exitId: string, i = 0) => ({ exitId, leaseId: `g-${i}`, used: i, endedAtMs: 100 * i });

  it('is taken out for one exit or for all, once', () => {
    const untold = new Untold();
    untold.keep([over('e', 1), over('f', 2)]);
    untold.keep([over('e', 3)]);
    expect(untold.size).toBe(3);
    expect(untold.takeOf('e')).toEqual([over('e', 1), over('e', 3)]);
    expect([untold.takeOf('e'), untold.takeOf('nothing'), untold.size]).toEqual([[], [], 1]);
    untold.keep([over('e', 4)]);
    expect(untold.takeAll()).toEqual([over('f', 2), over('e', 4)]);
    expect([untold.takeAll(), untold.size]).toEqual([[], 0]);
  });

  it('is ten thousand leases at most, however long the store is away', () => {
    const untold = new Untold();
    untold.keep(Array.from({ length: 9_999 }, (_, i) => over('e', i)));
    untold.keep([over('f', 1), over('f', 2)]);
    untold.keep([over('f', 3)]);
    expect([untold.size, untold.takeOf('f')]).toEqual([10_000, [over('f', 1)]]);
    untold.keep([over('f', 4)]);
    expect(untold.size).toBe(10_000);
  });

  it('is told by its age', () => {
    expect(endedOf(over('e', 3), 1_000)).toEqual({ exitId: 'e', leaseId: 'g-3', used: 3, agoMs: 700 });
  });
});

describe('the size of a lease', () => {
  it.each([
    [5, 60, 5],
    [5, 20, 5],
    [5, 19, 4],
    [5, 8, 2],
    [5, 7, 1],
    [5, 1, 1],
    [5, 0, 0],
    [2, 60, 2],
    [5, -3, 0],
  ])('%i wanted of %i: %i', (wanted, left, size) => expect(leaseSize(wanted, left)).toBe(size));
});

describe('a book of leases', () => {
  const wanted = (leaseId: string, limit = 60) => ({ exitId: 'e', leaseId, limit, calls: 5 });

  it('counts a lease from its end, and says when there is more', () => {
    const book = new LeaseBook();
    expect(book.lease(wanted('one'), 1_000)).toEqual({
      calls: 5,
      left: 55,
      growsInMs: HOUR_MS + LEASE_MS,
      lease: { exitId: 'e', leaseId: 'one', calls: 5, countedAtMs: 1_000 + LEASE_MS },
    });
    expect(book.lease(wanted('two'), 2_000).growsInMs).toBe(HOUR_MS + LEASE_MS - 1_000);
    expect(book.spending('e', HOUR_MS + LEASE_MS + 999)).toEqual({ calls: 10, growsInMs: 1, restMs: 0 });
    expect(book.spending('e', HOUR_MS + LEASE_MS + 1_000).calls).toBe(5);
  });

  it('refuses what is not left', () => {
    const book = new LeaseBook();
    book.restore({ exitId: 'e', calls: 4, countedAtMs: 500 });
    expect(book.lease(wanted('one', 4), 1_000)).toEqual({
      calls: 0,
      left: 0,
      growsInMs: HOUR_MS - 500,
      lease: null,
    });
    expect(book.lease(wanted('two', 3), 1_000).left).toBe(0);
    expect(book.lease(wanted('three', 5), 1_000)).toMatchObject({ calls: 1, left: 0 });
  });

  it('rests after a 429 until its latest word, or until there is a call', () => {
    const book = new LeaseBook();
    expect(book.markSpent('e', 5_000)).toBe(5_000);
    expect(book.markSpent('e', 4_000)).toBe(5_000);
    expect(book.lease(wanted('one'), 1_000)).toEqual({ calls: 0, left: 60, growsInMs: 4_000, lease: null });
    expect(book.spending('e', 1_000)).toEqual({ calls: 0, growsInMs: 0, restMs: 4_000 });
    expect(book.spending('e', 6_000).restMs).toBe(0);
    expect(book.lease(wanted('two'), 5_000).calls).toBe(5);
    const spentTwice = new LeaseBook();
    spentTwice.restore({ exitId: 'e', calls: 1, countedAtMs: 0 });
    spentTwice.markSpent('e', 5_000);
    expect(spentTwice.lease(wanted('one', 1), 1_000).growsInMs).toBe(HOUR_MS - 1_000);
  });

  it('ends a lease once, with no more than it held', () => {
    const book = new LeaseBook();
    book.lease(wanted('one'), 1_000);
    const ended = { exitId: 'e', leaseId: 'one', used: 9, agoMs: 300 };
    expect(book.end(ended, 2_000)).toEqual({ exitId: 'e', leaseId: 'one', calls: 5, countedAtMs: 1_700 });
    expect(book.end(ended, 2_000)).toBeNull();
    expect(book.spending('e', 2_000)).toEqual({ calls: 5, growsInMs: HOUR_MS - 300, restMs: 0 });
    book.lease(wanted('two'), 3_000);
    expect(book.end({ ...ended, leaseId: 'two', used: 0 }, 3_000)?.calls).toBe(0);
    expect(book.spending('e', 3_000).calls).toBe(5);
  });
});

describe('two gateways on one store', () => {
  it('share each exit’s budget and the ceiling; the second sees at once what the first has spent', async () => {
    const one = createWorld([fakeSource('a'), fakeSource('b')], { hourlyBudget: 10, hourlyCeiling: 15 });
    const budgets = one.budgets;
    const two = createWorld([fakeSource('a'), fakeSource('b')], {
      clock: one.clock,
      budgets,
      hourlyBudget: 10,
      hourlyCeiling: 15,
    });
    let served = 0;
    for (let i = 0; i < 60; i += 1) {
      const held = await (i % 2 ? one : two).reserve().catch(() => null);
      if (held === null) continue;
      served += 1;
      held.settle(answered());
      await one.clock.pass(1_000);
    }
    expect(served).toBeLessThanOrEqual(15);
    expect(served).toBeGreaterThanOrEqual(13);
  });

  it('a gateway that starts beside one that has spent all sends nothing', async () => {
    const one = createWorld([fakeSource('a'), fakeSource('b')], { hourlyBudget: 3 });
    for (let i = 0; i < 6; i += 1) (await one.reserve()).settle(answered());
    const two = createWorld([fakeSource('a'), fakeSource('b')], {
      clock: one.clock,
      budgets: one.budgets,
      hourlyBudget: 3,
    });
    await one.clock.pass(11_000);
    const ready = two.pool.ready();
    await one.clock.pass(0);
    await ready;
    expect(two.pool.snapshot().map(({ left, state }) => [left, state])).toEqual([
      [0, 'spent'],
      [0, 'spent'],
    ]);
    await expect(two.reserve()).rejects.toMatchObject({ code: 'exits_exhausted' });
    expect(two.pool.restMs()).toBeGreaterThan(HOUR_MS - 60_000);
  });

  it('looks at all exits anew when the store has refused three', async () => {
    const sources = Array.from({ length: 50 }, (_, i) => fakeSource(`e${i}`));
    const one = createWorld(sources, { hourlyBudget: 1 });
    for (let i = 0; i < 50; i += 1) (await one.reserve()).settle(answered());
    let leases = 0;
    let loads = 0;
    const counting: BudgetStore = {
      ...one.budgets,
      lease: (...wanted) => {
        leases += 1;
        return one.budgets.lease(...wanted);
      },
      load: (ids) => {
        loads += 1;
        return one.budgets.load(ids);
      },
    };
    const two = createWorld(sources, { clock: one.clock, budgets: counting, hourlyBudget: 1 });
    await expect(two.reserve()).rejects.toMatchObject({ code: 'exits_exhausted' });
    expect([leases, loads]).toEqual([3, 1]);
  });
});

describe('while the store is away', () => {
  it('what is leased goes on, then it is store_unavailable; sessions need no store', async () => {
    let isAway = false;
    const clock = createVirtualClock();
    const world = createWorld([fakeSource('a'), fakeSource('b')], { clock });
    const flaky: BudgetStore = {
      ...world.budgets,
      lease: (...wanted) => (isAway ? Promise.reject(new Error('away')) : world.budgets.lease(...wanted)),
    };
    const { pool, reserve } = createWorld([fakeSource('a'), fakeSource('b')], { clock, budgets: flaky });
    (await reserve()).settle(answered());
    isAway = true;
    let served = 0;
    for (let i = 0; i < 10; i += 1) {
      const held = await reserve().catch((error) => {
        expect(error).toMatchObject({ code: 'store_unavailable', retryAfterMs: 1_000 });
        return null;
      });
      held?.settle(answered());
      served += Number(held !== null);
    }
    expect(served).toBe(4);
    pool.replace([fakeSource('a'), fakeSource('gate', { many: true })]);
    for (let i = 0; i < 10; i += 1) {
      const held = await reserve();
      expect(held.exit.source).toBe('gate');
      held.settle(answered());
    }
    isAway = false;
    for (let i = 0; i < 5; i += 1) (await reserve()).settle(unsent());
  });

  it('with a ceiling nothing leaves without a lease of it', async () => {
    const clock = createVirtualClock();
    const broken: BudgetStore = {
      load: async () => new Map(),
      lease: () => Promise.reject(new Error('away')),
      end: async () => {},
      markSpent: async () => {},
    };
    const { pool, reserve } = createWorld([fakeSource('gate', { many: true })], {
      clock,
      budgets: broken,
      hourlyCeiling: 5,
    });
    await expect(reserve()).rejects.toMatchObject({ code: 'store_unavailable' });
    expect(pool.snapshot().map(({ inFlight, left }) => [inFlight, left])).toEqual(
      Array.from({ length: 4 }, () => [0, 60]),
    );
  });
});
