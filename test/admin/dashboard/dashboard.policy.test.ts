import { describe, expect, it, vi } from 'vitest';
import { ACCOUNTS_SHOWN } from '../../../src/admin/dashboard/account-months.ts';
import { createDashboard, type Listener, MAX_LISTENERS } from '../../../src/admin/dashboard/dashboard.ts';
import type { Frame } from '../../../src/admin/dashboard/frame.ts';
import type { Account } from '../../../src/domain/account.ts';
import type { Operator } from '../../../src/domain/operator.ts';
import { createVirtualClock } from '../../virtual-clock.ts';
import { callEnded, exitView, fakeOperator, noTerms } from '../fakes.ts';

const accountOf = (id: string): Account => ({
  id,
  name: `name of ${id}`,
  plan: 'pro',
  overrides: {},
  suspended: false,
  expiresAtMs: null,
});

/** An operator whose store has accounts `a0`, `a1` …, and who counts what is asked. */
function world({ accounts = 2, more = {} as Partial<Operator> } = {}) {
  const asked = { exits: 0, usage: [] as string[], limits: [] as number[] };
  const desk = {
    list: async ({ limit }: { limit: number }) => {
      asked.limits.push(limit);
      return {
        values: Array.from({ length: accounts }, (_, i) => accountOf(`a${i}`)).slice(0, limit),
        next: null,
      };
    },
    find: async (id: string) => accountOf(id),
  };
  const row = { day: '2026-06-15', endpoint: 'getMeta', code: 'ok', calls: 9, bytesOut: 0, bytesExit: 0 };
  const operator = fakeOperator({
    accounts: desk as unknown as Operator['accounts'],
    usage: {
      read: async (account, month) => {
        asked.usage.push(`${account} ${month}`);
        return [{ ...row, charged: 7 }];
      },
    },
    exits: {
      ...fakeOperator().exits,
      list: () => {
        asked.exits += 1;
        return [exitView()];
      },
    },
    ...more,
  });
  const clock = createVirtualClock();
  const dashboard = createDashboard({ operator, terms: noTerms, clock });
  return { asked, clock, dashboard };
}

function listener(more: Partial<Listener> = {}) {
  const frames: Frame[] = [];
  const heard = { frames, ended: 0 };
  const it: Listener = {
    isReady: () => true,
    isLetIn: () => true,
    tell: (frame) => frames.push(JSON.parse(frame)),
    end: () => {
      heard.ended += 1;
    },
    ...more,
  };
  return { heard, it };
}

describe('who listens', () => {
  it('gets a frame at once and one every second, each second once', async () => {
    const { clock, dashboard } = world();
    const { heard, it } = listener();
    dashboard.listen(it);
    expect(heard.frames).toHaveLength(1);
    dashboard.telemetry.callEnded(callEnded());
    await clock.pass(3_000);
    expect(heard.frames).toHaveLength(4);
    expect(heard.frames.flatMap(({ points }) => points.map(({ second }) => second))).toEqual([0, 1, 2]);
    expect(heard.frames.flatMap(({ points }) => points.map(({ statuses }) => statuses))).toEqual([
      { 200: 1 },
      {},
      {},
    ]);
  });

  it('finds what happened before', async () => {
    const { clock, dashboard } = world();
    dashboard.telemetry.callEnded(callEnded());
    await clock.pass(5_000);
    const { heard, it } = listener();
    dashboard.listen(it);
    expect(heard.frames[0]?.points).toHaveLength(5);
    expect(heard.frames[0]?.totals.statuses).toEqual({ 200: 1 });
  });

  it('is alone in costing anything: without it nothing is asked and no timer runs', async () => {
    const { asked, clock, dashboard } = world();
    await clock.pass(10_000);
    expect([asked.exits, asked.usage.length, clock.pending()]).toEqual([0, 0, 0]);
    const [first, second] = [listener(), listener()];
    const leaveFirst = dashboard.listen(first.it);
    const leaveSecond = dashboard.listen(second.it);
    expect(clock.pending()).toBe(1);
    leaveFirst?.();
    expect(clock.pending()).toBe(1);
    leaveSecond?.();
    leaveSecond?.();
    expect(clock.pending()).toBe(0);
    const { exits } = asked;
    await clock.pass(10_000);
    expect(asked.exits).toBe(exits);
    expect(first.heard.ended).toBe(0);
  });

  it('is told later what it was too slow for', async () => {
    const { clock, dashboard } = world();
    let ready = true;
    const { heard, it } = listener({ isReady: () => ready });
    dashboard.listen(it);
    ready = false;
    await clock.pass(3_000);
    expect(heard.frames).toHaveLength(1);
    ready = true;
    await clock.pass(1_000);
    expect(heard.frames).toHaveLength(2);
    expect(heard.frames[1]?.points.map(({ second }) => second)).toEqual([0, 1, 2, 3]);
  });

  it('is ended with its login, before another frame', async () => {
    const { clock, dashboard } = world();
    let letIn = true;
    const { heard, it } = listener({ isLetIn: () => letIn });
    dashboard.listen(it);
    await clock.pass(1_000);
    letIn = false;
    await clock.pass(5_000);
    expect([heard.frames.length, heard.ended, clock.pending()]).toEqual([2, 1, 0]);
  });

  it('costs no more when there are several of them: a moment is written once', async () => {
    const exit = { ...exitView(), toJSON: vi.fn(() => 'an exit') };
    const exits = { ...fakeOperator().exits, list: () => [exit] };
    const { clock, dashboard } = world({ more: { exits } });
    const slow = { isReady: () => false };
    for (const { it } of [listener(), listener(), listener(slow)]) dashboard.listen(it);
    exit.toJSON.mockClear();
    await clock.pass(1_000);
    expect(exit.toJSON).toHaveBeenCalledOnce();
  });

  it('is one of sixteen', () => {
    const { dashboard } = world();
    const leaves = Array.from({ length: MAX_LISTENERS }, () => dashboard.listen(listener().it));
    expect(dashboard.listen(listener().it)).toBeNull();
    leaves[0]?.();
    expect(dashboard.listen(listener().it)).not.toBeNull();
  });

  it('is ended when the door closes', () => {
    const { clock, dashboard } = world();
    const both = [listener(), listener()];
    for (const { it } of both) dashboard.listen(it);
    dashboard.close();
    expect(both.map(({ heard }) => heard.ended)).toEqual([1, 1]);
    expect(clock.pending()).toBe(0);
  });
});

describe('accounts', () => {
  it('come with their month, the busiest first and others behind', async () => {
    const { asked, clock, dashboard } = world();
    for (let i = 0; i < 3; i += 1) dashboard.telemetry.callEnded(callEnded({ accountId: 'busy' }));
    const { heard, it } = listener();
    dashboard.listen(it);
    expect(heard.frames[0]?.accounts).toEqual([]);
    await clock.pass(1_000);
    expect(heard.frames[1]?.accounts).toMatchObject([
      { id: 'busy', name: 'name of busy', calls: 3, used: 7, callsPerMonth: 258_000 },
      { id: 'a0', calls: 0 },
      { id: 'a1', calls: 0 },
    ]);
    expect(asked.usage).toContain('busy 2026-06');
  });

  it('come once each, though the list has the busy ones too', async () => {
    const { asked, clock, dashboard } = world({ accounts: 12 });
    for (const id of ['a1', ...Array.from({ length: 5 }, (_, i) => `b${i}`)])
      dashboard.telemetry.callEnded(callEnded({ accountId: id }));
    const { heard, it } = listener();
    dashboard.listen(it);
    await clock.pass(1_000);
    const ids = heard.frames[1]?.accounts.map(({ id }) => id) ?? [];
    expect(ids).toEqual(['a1', 'b0', 'b1', 'b2', 'b3', 'b4', 'a0', 'a2', 'a3', 'a4']);
    expect(asked.limits).toEqual([ACCOUNTS_SHOWN]);
  });

  it('are not asked for where ten are busy', async () => {
    const { asked, clock, dashboard } = world();
    for (let i = 0; i < 11; i += 1) dashboard.telemetry.callEnded(callEnded({ accountId: `b${i}` }));
    const { heard, it } = listener();
    dashboard.listen(it);
    await clock.pass(1_000);
    expect([heard.frames[1]?.accounts.length, asked.limits]).toEqual([ACCOUNTS_SHOWN, []]);
  });

  it('are ten at most, and looked up every other second', async () => {
    const { asked, clock, dashboard } = world({ accounts: 30 });
    const { heard, it } = listener();
    dashboard.listen(it);
    await clock.pass(1_500);
    expect(heard.frames.at(-1)?.accounts).toHaveLength(ACCOUNTS_SHOWN);
    expect(asked.usage).toHaveLength(ACCOUNTS_SHOWN);
    await clock.pass(1_000);
    expect(asked.usage).toHaveLength(2 * ACCOUNTS_SHOWN);
  });

  it('stay as they were while the store is away, and frames come on', async () => {
    let away = false;
    const { clock, dashboard } = world({
      more: {
        usage: {
          read: async () => {
            if (away) throw new Error('away');
            return [];
          },
        },
      },
    });
    const { heard, it } = listener();
    dashboard.listen(it);
    await clock.pass(1_000);
    away = true;
    await clock.pass(10_000);
    expect(heard.frames).toHaveLength(12);
    expect(heard.frames.at(-1)?.accounts).toHaveLength(2);
  });

  it('are not asked for twice while a store is slow', async () => {
    let asked = 0;
    const { clock, dashboard } = world({
      accounts: 1,
      more: {
        usage: {
          read: () => {
            asked += 1;
            return new Promise(() => {});
          },
        },
      },
    });
    dashboard.listen(listener().it);
    await clock.pass(60_000);
    expect(asked).toBe(1);
  });
});
