import { describe, expect, it } from 'vitest';
import type { CallStore, KeptCall } from '../../src/calls/call-store.ts';
import { createCalls } from '../../src/calls/calls.ts';
import { storyOf } from '../../src/calls/story.ts';
import type { Clock } from '../../src/domain/clock.ts';
import { attemptEnded, callEnded, silentLog } from '../admin/fakes.ts';

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
  const tick = async () => {
    for (const work of due.splice(0)) work();
    for (let i = 0; i < 20; i += 1) await Promise.resolve();
  };
  return { clock, tick };
}

function fakeStore() {
  const kept = new Map<string, KeptCall>();
  const store: CallStore & { away: boolean; size(): number } = {
    away: false,
    size: () => kept.size,
    add: async (calls) => {
      if (store.away) throw new Error('away');
      for (const call of calls) kept.set(call.requestId, call);
    },
    find: async (requestId) => kept.get(requestId)?.text ?? null,
  };
  return store;
}

const idOf = (number: number) => `2f0b6d3c-0000-4000-8000-${String(number).padStart(12, '0')}`;

describe('the story of a call', () => {
  it('tells whose it was, how it went and through which exits', () => {
    const receivedAtMs = Date.parse('2026-11-24T12:00:00Z');
    const attempts = [
      attemptEnded({ verdict: 'timeout', status: null, startedAtMs: receivedAtMs + 1.23, durationMs: 99.96 }),
      attemptEnded({ startedAtMs: receivedAtMs + 101, isHedge: true }),
    ];
    expect(storyOf(callEnded({ receivedAtMs, attempts, totalMs: 221.04, upstreamMs: 220 }))).toEqual({
      requestId: idOf(1),
      receivedAt: '2026-11-24T12:00:00.000Z',
      door: 'http',
      endpoint: 'getRepository',
      accountId: 'acct_canary',
      keyId: 'kcanary1',
      subject: 'atlassian/atlassian-event',
      status: 200,
      code: null,
      charge: 'charged',
      totalMs: 221,
      upstreamMs: 220,
      bytesOut: 2_300,
      hungUp: false,
      attempts: [
        {
          ...{ exit: 'p1/s-aaaaaaaa', verdict: 'timeout', status: null, afterMs: 1.2, durationMs: 100 },
          ...{ bytesUp: 400, bytesDown: 2_000, isHedge: false },
        },
        {
          ...{ exit: 'p1/s-aaaaaaaa', verdict: 'answered', status: 200, afterMs: 101, durationMs: 120 },
          ...{ bytesUp: 400, bytesDown: 2_000, isHedge: true },
        },
      ],
    });
  });

  it('keeps nothing that was not let in: no cause, no key, nothing a later field may bring', () => {
    const call = {
      ...callEnded({ cause: new Error('canary cause') }),
      key: 'canary key',
      query: 'canary query',
    };
    expect(JSON.stringify(storyOf(call))).not.toContain('canary ');
  });
});

describe('calls', () => {
  it('are found at once, and in the store once they were told', async () => {
    const { clock, tick } = handClock();
    const store = fakeStore();
    const calls = createCalls({ store, clock, log: silentLog });
    calls.telemetry.callEnded(callEnded());
    expect(store.size()).toBe(0);
    expect((await calls.find(idOf(1)))?.subject).toBe('atlassian/atlassian-event');
    await tick();
    expect(store.size()).toBe(1);
    expect((await calls.find(idOf(1)))?.subject).toBe('atlassian/atlassian-event');
    expect(await calls.find(idOf(2))).toBeNull();
  });

  it('wait for a store that is away, so many and no more', async () => {
    const { clock, tick } = handClock();
    const store = fakeStore();
    const warnings: object[] = [];
    const calls = createCalls({
      store,
      clock,
      log: { ...silentLog, warn: (fields) => warnings.push(fields) },
    });
    store.away = true;
    for (let i = 0; i < 20_010; i += 1) calls.telemetry.callEnded(callEnded({ requestId: idOf(i) }));
    await tick();
    store.away = false;
    await tick();
    expect(store.size()).toBe(20_000);
    expect(warnings).toEqual([{ lost: 10 }]);
    expect(await calls.find(idOf(0))).not.toBeNull();
  });

  it('are told when all ends', async () => {
    const { clock } = handClock();
    const store = fakeStore();
    const calls = createCalls({ store, clock, log: silentLog });
    calls.telemetry.callEnded(callEnded());
    await calls.close();
    expect(store.size()).toBe(1);
  });
});
