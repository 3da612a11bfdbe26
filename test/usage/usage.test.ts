import { describe, expect, it } from 'vitest';
import type { Clock } from '../../src/domain/clock.ts';
import { createUsage } from '../../src/usage/usage.ts';
import type { UsageBatch, UsageStore } from '../../src/usage/usage-store.ts';
import { callEnded, silentLog } from '../admin/fakes.ts';

/** A clock whose timers a test lets run by hand. */
function handClock() {
  let due: (() => void)[] = [];
  const clock: Clock = {
    now: () => Date.parse('2026-11-24T12:00:00Z'),
    monotonic: () => 0,
    after: (_ms, work) => {
      due.push(work);
      return () => {
        due = due.filter((other) => other !== work);
      };
    },
  };
  return {
    clock,
    waiting: () => due.length,
    /** What is due runs, and what it began ends. */
    tick: async () => {
      for (const work of due.splice(0)) work();
      for (let i = 0; i < 20; i += 1) await Promise.resolve();
    },
  };
}

/** A store that can be away, and may have taken what it refused. */
function fakeStore() {
  const taken: UsageBatch[] = [];
  const store: UsageStore & { away: boolean; takesAll: boolean; taken: UsageBatch[] } = {
    away: false,
    takesAll: false,
    taken,
    add: async (batch) => {
      const isKnown = taken.some(
        ({ account, number }) => account === batch.account && number >= batch.number,
      );
      if ((!store.away || store.takesAll) && !isKnown) taken.push(batch);
      if (store.away) throw new Error('away');
    },
    read: async (account, month) =>
      taken.filter((batch) => batch.account === account && batch.month === month).flatMap(({ rows }) => rows),
  };
  return store;
}

const call = callEnded({ accountId: 'a', receivedAtMs: Date.parse('2026-11-24T12:00:00Z') });
const callsOf = (rows: readonly { readonly calls: number }[]) =>
  rows.reduce((sum, { calls }) => sum + calls, 0);

describe('usage', () => {
  it('is read to the last call, and told to the store every second', async () => {
    const { clock, tick } = handClock();
    const store = fakeStore();
    const usage = createUsage({ store, clock, log: silentLog });
    usage.telemetry.callEnded(call);
    expect(callsOf(await usage.read('a', '2026-11'))).toBe(1);
    expect(store.taken).toEqual([]);
    await tick();
    expect(store.taken.map(({ account }) => account)).toEqual(['a', '*']);
    usage.telemetry.callEnded(call);
    expect(callsOf(await usage.read('a', '2026-11'))).toBe(2);
    await tick();
    expect(callsOf(await usage.read('a', '2026-11'))).toBe(2);
  });

  it('outlives a store that is away, and counts once even what the store had taken', async () => {
    for (const takesAll of [false, true]) {
      const { clock, tick } = handClock();
      const store = fakeStore();
      Object.assign(store, { away: true, takesAll });
      const usage = createUsage({ store, clock, log: silentLog });
      for (let i = 0; i < 3; i += 1) {
        usage.telemetry.callEnded(call);
        await tick();
      }
      store.away = false;
      await tick();
      await tick();
      expect(callsOf(await usage.read('a', '2026-11'))).toBe(3);
      expect(callsOf(store.taken.filter(({ account }) => account === 'a').flatMap(({ rows }) => rows))).toBe(
        3,
      );
    }
  });

  it('tells what is left when it closes, and sets no further timer', async () => {
    const { clock, waiting, tick } = handClock();
    const store = fakeStore();
    const usage = createUsage({ store, clock, log: silentLog });
    usage.telemetry.callEnded(call);
    await usage.close();
    expect(store.taken).toHaveLength(2);
    await tick();
    expect(waiting()).toBe(0);
  });

  it('says in the log what it could not keep', async () => {
    const { clock } = handClock();
    const store = fakeStore();
    store.away = true;
    const warnings: object[] = [];
    const usage = createUsage({
      store,
      clock,
      log: { ...silentLog, warn: (fields) => warnings.push(fields) },
    });
    usage.telemetry.callEnded(call);
    await usage.close();
    expect(warnings).toEqual([{ batches: 2 }]);
  });
});
