import { describe, expect, it } from 'vitest';
import { createMemoryBudgetStore } from '../../../src/egress/exits/budget-store-memory.ts';
import type { Exit, Pool } from '../../../src/egress/exits/port.ts';
import { createVirtualClock } from '../../virtual-clock.ts';
import {
  answered,
  createWorld,
  fakeSource,
  HOUR_MS,
  LOCKED,
  REFUSED,
  SILENT,
  sent,
  unsent,
  type World,
} from './world.ts';

const sources = (count: number, prefix = 'exit') =>
  Array.from({ length: count }, (_, i) => fakeSource(`${prefix}-${i}`));
const refusal = (call: Promise<unknown>) =>
  call.then(
    () => ({ code: 'none', retryAfterMs: 0, message: '' }),
    (error) => error as { code: string; retryAfterMs: number; message: string },
  );
const stateOf = (pool: Pool, id: string) => pool.snapshot().find((exit) => exit.id === id);
const leftIn = (pool: Pool) => pool.snapshot().reduce((sum, { left }) => sum + left, 0);
const noise: readonly Exit[] = [];

describe('a reservation', () => {
  it('gives back all that it took when its call never left: the local budget, the store’s, the ceiling, the share', async () => {
    const clock = createVirtualClock();
    const budgets = createMemoryBudgetStore(clock);
    const { pool, reserve } = createWorld([fakeSource('direct', { ejectable: false })], {
      clock,
      budgets,
      hourlyBudget: 60,
      hourlyCeiling: 60,
    });
    for (let i = 0; i < 60; i += 1) (await reserve()).settle(unsent());
    expect(stateOf(pool, 'direct')).toMatchObject({ left: 60, inFlight: 0 });
    await pool.close();
    const spending = await budgets.load(['direct', 'ceiling']);
    expect([...spending.values()].map(({ calls }) => calls)).toEqual([0, 0]);
  });

  it('is settled once, whatever is told after', async () => {
    const { pool, reserve } = createWorld([fakeSource('a')]);
    const held = await reserve();
    held.settle(answered());
    held.settle(unsent());
    held.settle(answered());
    expect(stateOf(pool, 'a')).toMatchObject({ left: 59, inFlight: 0, state: 'healthy' });
  });

  it('counts a call under way until it ends, and an hour from its end', async () => {
    const { clock, reserve } = createWorld([fakeSource('a')], { hourlyBudget: 1 });
    const held = await reserve();
    await clock.pass(20_000);
    held.settle(answered());
    await clock.pass(HOUR_MS - 1);
    expect(await refusal(reserve())).toMatchObject({ code: 'exits_exhausted', retryAfterMs: 1_000 });
    await clock.pass(1);
    await reserve();
  });

  it('takes before it waits: a burst beyond the ceiling and the budget is refused, however slow the store is', async () => {
    const clock = createVirtualClock();
    const memory = createMemoryBudgetStore(clock);
    const slow: typeof memory = {
      ...memory,
      lease: async (...wanted) => {
        await new Promise<void>((done) => clock.after(5, done));
        return memory.lease(...wanted);
      },
    };
    const { reserve } = createWorld(sources(3), { clock, budgets: slow, hourlyCeiling: 5 });
    const calls = Array.from({ length: 30 }, () => refusal(reserve()));
    await clock.pass(1_000);
    const codes = (await Promise.all(calls)).map(({ code }) => code);
    expect(codes.filter((code) => code === 'none')).toHaveLength(5);
    expect(codes.filter((code) => code === 'exits_exhausted')).toHaveLength(25);
  });
});

describe('what is spent', () => {
  it('spent exits beside dead ones: 503 with the earliest moment at which a call could leave', async () => {
    const good = sources(12, 'good');
    const dead = sources(4, 'dead').map((source) => {
      source.fault = REFUSED;
      return source;
    });
    const { pool, clock, reserve } = createWorld([...good, ...dead], { hourlyBudget: 2 });
    const ready = pool.ready();
    await clock.pass(0);
    await ready;
    for (let i = 0; i < 24; i += 1) (await reserve()).settle(answered());
    const probes = dead.reduce((sum, { probes }) => sum + probes, 0);
    const refused = await refusal(reserve());
    expect(refused.code).toBe('exits_exhausted');
    expect(refused.retryAfterMs).toBeLessThanOrEqual(1_000);
    await clock.pass(600_000);
    expect(dead.reduce((sum, { probes }) => sum + probes, 0)).toBeGreaterThan(probes);
    const later = await refusal(reserve());
    expect(later.code).toBe('exits_exhausted');
    expect(later.retryAfterMs).toBeLessThanOrEqual(64_000);
    expect(pool.restMs()).toBeGreaterThan(0);
    for (const source of dead) source.fault = null;
    await clock.pass(64_000);
    (await reserve()).settle(answered());
  });

  it('a 429 spends one exit for as long as it says, an hour at most and a second at least', async () => {
    for (const [said, restMs] of [
      ['1800', 1_800_000],
      ['999999999', HOUR_MS],
      ['0', 1_000],
      [undefined, 60_000],
    ] as const) {
      const { pool, clock, reserve } = createWorld([fakeSource('a')]);
      (await reserve()).settle(answered(429, said === undefined ? {} : { 'retry-after': said }));
      expect(stateOf(pool, 'a')).toMatchObject({ state: 'spent', left: 0 });
      expect((await refusal(reserve())).retryAfterMs).toBe(restMs);
      expect(pool.restMs()).toBe(restMs);
      await clock.pass(restMs);
      expect(stateOf(pool, 'a')).toMatchObject({ state: 'healthy', left: restMs === HOUR_MS ? 60 : 59 });
    }
  });

  it('a spent session is followed by a fresh one, and none of them is scarce', async () => {
    const { pool, reserve } = createWorld([fakeSource('gate', { many: true })], {
      hourlyBudget: 5,
      sessions: 2,
    });
    const labels = new Set<string>();
    for (let i = 0; i < 100; i += 1) {
      const held = await reserve();
      labels.add(held.exit.label);
      held.settle(answered());
      expect(pool.isScarce()).toBe(false);
    }
    expect(labels.size).toBeGreaterThanOrEqual(20);
    expect(pool.snapshot()).toHaveLength(2);
  });

  it('a session makes room for another before its lifetime ends', async () => {
    const { pool, clock } = createWorld([fakeSource('gate', { many: true })], { sessions: 2 });
    const before = pool.snapshot().map(({ id }) => id);
    await clock.pass(540_000 * 0.9 - 1);
    expect(pool.snapshot().map(({ id }) => id)).toEqual(before);
    await clock.pass(1);
    const after = pool.snapshot().map(({ id }) => id);
    expect(after).toHaveLength(2);
    for (const id of before) expect(after).not.toContain(id);
  });

  it('scarce is less than a fifth, and ends when calls are an hour old', async () => {
    const { pool, clock, reserve } = createWorld(sources(2), { hourlyBudget: 10 });
    for (let i = 0; i < 16; i += 1) (await reserve()).settle(answered());
    expect([leftIn(pool), pool.isScarce()]).toEqual([4, false]);
    (await reserve()).settle(answered());
    expect([leftIn(pool), pool.isScarce()]).toEqual([3, true]);
    await clock.pass(HOUR_MS);
    expect([leftIn(pool), pool.isScarce()]).toEqual([20, false]);
  });

  it('a refused share says when it frees up', async () => {
    const { clock, reserve } = createWorld([fakeSource('a')], { hourlyBudget: 100 });
    for (let i = 0; i < 2; i += 1) (await reserve('other', 1)).settle(answered());
    let refused = await refusal(Promise.resolve());
    while (refused.code === 'none')
      refused = await refusal(reserve('greedy', 1).then((held) => held.settle(answered())));
    expect(refused.message).toContain('share');
    expect(refused.retryAfterMs).toBeGreaterThan(HOUR_MS - 60_000);
    expect(refused.retryAfterMs).toBeLessThanOrEqual(HOUR_MS + 60_000);
    await reserve('other', 1);
    await clock.pass(refused.retryAfterMs);
    await reserve('greedy', 1);
  });
});

describe('health', () => {
  it('an ejected exit is never handed out: a probe brings it back, and costs no budget', async () => {
    const source = fakeSource('a');
    const { pool, clock, reserve } = createWorld([source]);
    (await reserve()).settle(unsent());
    source.fault = REFUSED;
    expect((await refusal(reserve())).code).toBe('exits_exhausted');
    await clock.pass(10_000);
    expect(source.probes).toBeGreaterThan(1);
    expect((await refusal(reserve())).code).toBe('exits_exhausted');
    source.fault = null;
    await clock.pass(64_000);
    expect(stateOf(pool, 'a')).toMatchObject({ state: 'healthy', left: 60 });
    await reserve();
  });

  it('is told once per change, with the reason', async () => {
    const source = fakeSource('a');
    const { changes, clock, log, reserve } = createWorld([source, fakeSource('b')]);
    source.fault = REFUSED;
    const held = await Promise.all(Array.from({ length: 8 }, () => reserve()));
    for (const each of held) each.settle(each.exit.label === 'a' ? unsent() : answered());
    await clock.pass(20_000);
    source.fault = null;
    await clock.pass(64_000);
    expect(changes).toEqual([
      { exit: 'a', source: 'a', state: 'ejected', reason: REFUSED.words },
      { exit: 'a', source: 'a', state: 'healthy', reason: null },
    ]);
    expect(log.map(({ level }) => level)).toEqual(['warn', 'info']);
  });

  it('the bad credentials of a lone proxy are an error for the operator', async () => {
    const { log, reserve } = createWorld([fakeSource('a', { credential: 'c', fault: LOCKED })]);
    (await reserve()).settle(unsent(LOCKED));
    expect(log.map(({ level, message }) => [level, message])).toEqual([
      ['error', 'the proxy refuses these credentials: check user, password and balance'],
    ]);
  });

  it('a credential that three sessions were refused with rests as a whole, told once', async () => {
    const gate = fakeSource('gate', { many: true, credential: 'c' });
    const { pool, clock, log, reserve } = createWorld([gate, fakeSource('b')], { sessions: 8 });
    const held = await Promise.all(Array.from({ length: 40 }, () => reserve()));
    gate.fault = LOCKED;
    for (const each of held) each.settle(each.exit.source === 'gate' ? unsent(LOCKED) : answered());
    expect(pool.snapshot().filter(({ state }) => state === 'ejected')).toHaveLength(8);
    expect(log.filter(({ level }) => level === 'error')).toHaveLength(1);
    const before = gate.probes;
    await clock.pass(59_000);
    expect(gate.probes).toBe(before);
    await clock.pass(2_000);
    expect(gate.probes).toBe(before + 1);
    gate.fault = null;
    await clock.pass(62_000);
    expect(pool.snapshot().filter(({ state }) => state === 'healthy')).toHaveLength(9);
    expect(log.filter(({ level }) => level === 'error')).toHaveLength(1);
  });

  it('an exit that keeps getting the edge’s page is set aside, however quick that is', async () => {
    const { pool, reserve } = createWorld(sources(4), { hourlyBudget: 1_000 });
    let blocked = 0;
    for (let i = 0; i < 200; i += 1) {
      const held = await reserve();
      if (held.exit.label !== 'exit-0') held.settle(answered(200, {}, 200));
      else {
        blocked += 1;
        held.settle({ kind: 'blocked', headers: {}, latencyMs: 1 });
      }
    }
    expect(blocked).toBe(3);
    expect(stateOf(pool, 'exit-0')).toMatchObject({ state: 'set_aside' });
  });

  it('when most exits are silent or get pages, Bitbucket is at fault, and half of them stay', async () => {
    const { pool, reserve } = createWorld(sources(4), { hourlyBudget: 1_000 });
    for (let i = 0; i < 100; i += 1)
      (await reserve()).settle(i % 2 ? sent() : { kind: 'blocked', headers: {}, latencyMs: 1 });
    expect(pool.snapshot().filter(({ state }) => state === 'healthy')).toHaveLength(2);
    const alone = createWorld([fakeSource('a')]);
    for (let i = 0; i < 10; i += 1) (await alone.reserve()).settle(sent());
    await alone.reserve();
  });

  it('a call that ran out of time before it was sent proves nothing: a tunnel is opened to see', async () => {
    const source = fakeSource('a');
    const { pool, clock, reserve } = createWorld([source, fakeSource('b'), fakeSource('c')]);
    const silent = async () => {
      for (;;) {
        const held = await reserve();
        if (held.exit.label === 'a') return held.settle(unsent(SILENT));
        held.settle(answered(200, {}, 500));
      }
    };
    await silent();
    await clock.pass(1);
    expect([source.probes, stateOf(pool, 'a')?.state]).toEqual([1, 'healthy']);
    source.fault = SILENT;
    await silent();
    await clock.pass(1);
    expect([source.probes, stateOf(pool, 'a')?.state]).toEqual([2, 'ejected']);
  });

  it('our own address is never ejected', async () => {
    const { reserve } = createWorld([fakeSource('direct', { ejectable: false })]);
    for (let i = 0; i < 20; i += 1) (await reserve()).settle(unsent());
    await reserve();
  });

  it('an operator sets an exit aside and brings it back', async () => {
    const { pool, clock, changes, reserve } = createWorld(sources(2));
    expect(pool.setAside('exit-0')).toBe(true);
    expect(pool.setAside('nothing')).toBe(false);
    for (let i = 0; i < 20; i += 1) expect((await reserve()).exit.label).toBe('exit-1');
    await clock.pass(2 * HOUR_MS);
    expect(stateOf(pool, 'exit-0')).toMatchObject({
      state: 'set_aside',
      reason: 'set aside by the operator',
    });
    expect(pool.bringBack('exit-0')).toBe(true);
    expect(stateOf(pool, 'exit-0')).toMatchObject({ state: 'healthy', reason: null });
    expect(changes.map(({ state }) => state)).toEqual(expect.arrayContaining(['set_aside', 'healthy']));
  });
});

describe('probes', () => {
  it('are 32 at once at most, and a start waits two seconds for them at most', async () => {
    let open = 0;
    let most = 0;
    const slow = sources(100).map((source) => {
      const { mint } = source;
      source.mint = (session) => ({
        ...mint(session),
        connect: (_options, done) => {
          open += 1;
          most = Math.max(most, open);
          clock.after(600, () => {
            open -= 1;
            done(null, { destroy: () => {} } as never);
          });
        },
      });
      return source;
    });
    const clock = createVirtualClock();
    const { pool } = createWorld(slow, { clock });
    let isReady = false;
    const ready = pool.ready().then(() => {
      isReady = true;
    });
    await clock.pass(1_999);
    expect([most, isReady]).toEqual([32, false]);
    await clock.pass(1);
    await ready;
    await clock.pass(10_000);
    expect([most, open]).toEqual([32, 0]);
  });

  it('find dead exits before the first caller does', async () => {
    const dead = fakeSource('dead', { fault: REFUSED });
    const { pool, clock, reserve } = createWorld([dead, fakeSource('good')]);
    const ready = pool.ready();
    await clock.pass(0);
    await ready;
    for (let i = 0; i < 20; i += 1) expect((await reserve()).exit.label).toBe('good');
  });
});

describe('choice', () => {
  it('avoids what was tried, as long as there is another', async () => {
    const { pool } = createWorld(sources(3));
    const tried: Exit[] = [];
    for (let i = 0; i < 3; i += 1) {
      const { exit } = await pool.reserve({ accountId: 'a', weight: 1 }, tried);
      expect(tried).not.toContain(exit);
      tried.push(exit);
      expect(pool.hasOther(tried)).toBe(i < 2);
    }
    expect(pool.hasOther(noise)).toBe(true);
    await pool.reserve({ accountId: 'a', weight: 1 }, tried);
  });
});

describe('another list', () => {
  it('known exits keep budget and health, and their new password works at once', async () => {
    const old = [fakeSource('a', { credential: 'old', fault: LOCKED }), fakeSource('b'), fakeSource('c')];
    const { pool, clock, reserve } = createWorld(old);
    for (let i = 0; i < 30; i += 1) {
      const held = await reserve();
      held.settle(held.exit.label === 'a' ? unsent(LOCKED) : answered());
    }
    pool.setAside('b');
    const before = pool.snapshot();
    expect(before.map(({ state }) => state)).toEqual(['ejected', 'set_aside', 'healthy']);
    const fresh = [fakeSource('c'), fakeSource('a', { credential: 'new' }), fakeSource('b'), fakeSource('d')];
    pool.replace(fresh);
    const after = pool.snapshot();
    expect(after.map(({ id }) => id)).toEqual(['c', 'a', 'b', 'd']);
    for (const id of ['a', 'b', 'c'])
      expect(after.find((exit) => exit.id === id)?.left).toBe(before.find((exit) => exit.id === id)?.left);
    expect(after.map(({ state }) => state)).toEqual(['healthy', 'healthy', 'set_aside', 'healthy']);
    await clock.pass(100);
    expect(old.map(({ probes }) => probes)).toEqual([0, 0, 0]);
    expect(fresh[3]?.probes).toBe(1);
  });

  it('a session keeps its name under another password', async () => {
    const gate = (credential: string) => fakeSource('gate', { many: true, credential });
    const { pool } = createWorld([gate('old')]);
    const before = pool.snapshot().map(({ id }) => id);
    pool.replace([gate('new')]);
    expect(pool.snapshot().map(({ id }) => id)).toEqual(before);
  });

  it('an exit that is gone takes no new call, and is told of as retired', async () => {
    const { pool, changes, reserve } = createWorld(sources(2));
    const held = await Promise.all(Array.from({ length: 6 }, () => reserve()));
    pool.replace(sources(1));
    for (let i = 0; i < 10; i += 1) expect((await reserve()).exit.label).toBe('exit-0');
    for (const each of held) each.settle(answered());
    expect(pool.snapshot().map(({ id, inFlight }) => [id, inFlight])).toEqual([['exit-0', 10]]);
    expect(changes).toEqual([{ exit: 'exit-1', source: 'exit-1', state: 'retired', reason: null }]);
  });
});

describe('a source whose month is used up', () => {
  const usedBy = async (world: World, calls: number) => {
    const held = [];
    for (let i = 0; i < calls; i += 1) held.push(await world.reserve());
    for (const { settle } of held) settle({ kind: 'abandoned', sent: false });
    return [...new Set(held.map(({ exit }) => exit.source))].sort();
  };

  it('is stopped: none of its exits is chosen, those of others are', async () => {
    const world = createWorld([fakeSource('a', { many: true }), fakeSource('b')]);
    const { pool } = world;
    expect(await usedBy(world, 20)).toEqual(['a', 'b']);
    pool.stopSources(new Set(['a']));
    expect(await usedBy(world, 20)).toEqual(['b']);
    const ofA = pool.snapshot().filter(({ source }) => source === 'a');
    expect(new Set(ofA.map(({ state, reason }) => `${state}: ${reason}`))).toEqual(
      new Set(['spent: the month’s traffic of its entry is used up']),
    );
    expect(pool.hasOther([])).toBe(true);
    pool.stopSources(new Set(['b']));
    expect(await usedBy(world, 20)).toEqual(['a']);
    pool.stopSources(new Set());
    expect(await usedBy(world, 20)).toEqual(['a', 'b']);
  });

  it('leaves nothing where it was the last, and calls are told to wait', async () => {
    const world = createWorld([fakeSource('a'), fakeSource('b', { many: true })]);
    world.pool.stopSources(new Set(['a', 'b']));
    for (const waitMs of [0, 1_000, 700_000]) {
      await world.clock.pass(waitMs);
      await expect(world.reserve()).rejects.toMatchObject({ code: 'exits_exhausted', retryAfterMs: HOUR_MS });
    }
    world.pool.stopSources(new Set());
    expect(await usedBy(world, 20)).toEqual(['a', 'b']);
  });

  it('stays stopped under another list, and where exits are new', async () => {
    const world = createWorld([fakeSource('a'), fakeSource('b')]);
    world.pool.stopSources(new Set(['a', 'c']));
    world.pool.replace([fakeSource('a'), fakeSource('c', { many: true }), fakeSource('b')]);
    expect(await usedBy(world, 20)).toEqual(['b']);
    world.pool.bringBack('a');
    expect(await usedBy(world, 20)).toEqual(['b']);
  });

  it('ends its calls under way as they would, and is not probed', async () => {
    const source = fakeSource('a');
    const world = createWorld([source, fakeSource('b')]);
    world.pool.stopSources(new Set(['b']));
    const reservation = await world.reserve();
    world.pool.stopSources(new Set(['a']));
    source.fault = REFUSED;
    reservation.settle(unsent());
    // The one that its fault set off.
    await world.clock.pass(0);
    const { probes } = source;
    await world.clock.pass(600_000);
    expect(stateOf(world.pool, 'a')).toMatchObject({ state: 'ejected' });
    expect(source.probes).toBe(probes);
    source.fault = null;
    world.pool.stopSources(new Set(['b']));
    await world.clock.pass(60_000);
    await expect(world.reserve()).resolves.toMatchObject({ exit: { source: 'a' } });
  });
});
