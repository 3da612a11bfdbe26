import { describe, expect, it } from 'vitest';
import type { Upstream } from '../../src/domain/upstream.ts';
import type { UsageRow } from '../../src/domain/usage.ts';
import { createTrafficBudget, trafficOf } from '../../src/usage/traffic-budget.ts';
import { attemptEnded } from '../admin/fakes.ts';
import { createVirtualClock, settled } from '../virtual-clock.ts';

it.each([
  [0, 'within'],
  [79, 'within'],
  [80, 'near'],
  [99, 'near'],
  [100, 'used up'],
  [101, 'used up'],
])('%i of 100 bytes are %s', (bytes, traffic) => {
  expect(trafficOf(bytes, 100)).toBe(traffic);
});

/** A month of 1,000 bytes, and what all gateways have sent by the store. */
function budgetOf({ limitGb = 1e-6 as number | null, startMs = Date.parse('2026-06-30T22:00:00Z') } = {}) {
  const clock = createVirtualClock(startMs);
  const kept: Record<string, number> = {};
  const said: string[] = [];
  const reads: string[] = [];
  const lines: [object, string][] = [];
  const saying = (what: string) => (fields: object, message: string) => {
    said.push(what);
    lines.push([fields, message]);
  };
  const log = { debug: saying('debug'), info: () => {}, warn: saying('near'), error: saying('used up') };
  const state = { isAway: false };
  const read = async (month: string): Promise<readonly UsageRow[]> => {
    reads.push(month);
    if (state.isAway) throw new Error('away');
    const row = { day: `${month}-01`, endpoint: 'p1', code: 'answered', calls: 1, charged: 0, bytesOut: 0 };
    return [
      { ...row, bytesExit: (kept[month] ?? 0) - 1 },
      { ...row, bytesExit: 1 },
    ];
  };
  const budget = createTrafficBudget({ limitGb, read, clock, log });
  const upstream = budget.bound({
    get: async () => 'an answer',
    close: async () => {},
  } as unknown as Upstream);
  const call = () =>
    upstream.get({} as never, {} as never).then(
      () => 'sent',
      (failure) => failure,
    );
  /** One request through an exit; kept by the store as well. */
  const send = (bytes: number, source = 'p1', month = '2026-06') => {
    if (source !== 'direct') kept[month] = (kept[month] ?? 0) + bytes;
    budget.telemetry.attemptEnded(attemptEnded({ source, bytesUp: 100, bytesDown: bytes - 100 }));
  };
  return { budget, clock, kept, said, lines, reads, state, call, send };
}

describe('the month’s traffic', () => {
  it('stops calls at its limit and no byte before, and says so once', async () => {
    const { call, send, said, budget } = budgetOf();
    send(799);
    expect([await call(), said]).toEqual(['sent', []]);
    send(100);
    send(100);
    expect([await call(), said]).toEqual(['sent', ['near']]);
    send(101);
    expect(await call()).toMatchObject({ code: 'exits_exhausted', retryAfterMs: 3_600_000 });
    expect(said).toEqual(['near', 'used up']);
    expect(budget.monthBytes()).toBe(1_100);
  });

  it('is told with its figures: to the operator in the log, to the caller in words', async () => {
    const { call, send, lines } = budgetOf({ limitGb: 2.5 });
    send(2_000_400_000);
    send(500_000_000);
    expect(lines).toEqual([
      [
        { month: '2026-06', gb: 2, limit_gb: 2.5 },
        'four fifths of the month’s traffic through exits are used',
      ],
      [
        { month: '2026-06', gb: 2.5, limit_gb: 2.5 },
        'the month’s traffic through exits is used up: no call leaves',
      ],
    ]);
    expect(await call()).toHaveProperty(
      'message',
      'What this gateway may send through its exits this month is used up.',
    );
  });

  it('knows what was sent before the start, and by other gateways within a second', async () => {
    const { budget, kept, clock, call, said } = budgetOf();
    kept['2026-06'] = 400;
    await budget.ready();
    expect([budget.monthBytes(), await call()]).toEqual([400, 'sent']);
    kept['2026-06'] = 1_000;
    await clock.pass(1_001);
    expect(await call()).toMatchObject({ code: 'exits_exhausted' });
    expect(said).toEqual(['used up']);
  });

  it('goes on by what it knows while the store is away', async () => {
    const { budget, state, clock, call, send, lines } = budgetOf();
    send(900);
    state.isAway = true;
    await budget.ready();
    expect(lines.at(-1)).toEqual([{ err: new Error('away') }, 'the month’s traffic is looked at later']);
    await clock.pass(3_000);
    expect(await call()).toBe('sent');
    send(100);
    expect(await call()).toMatchObject({ code: 'exits_exhausted' });
  });

  it('begins anew with the month, and tells callers when that is', async () => {
    const { clock, call, send, budget } = budgetOf({ startMs: Date.parse('2026-06-30T23:59:00Z') });
    send(1_000);
    expect(await call()).toMatchObject({ code: 'exits_exhausted', retryAfterMs: 60_000 });
    clock.jump(60_000);
    expect([await call(), budget.monthBytes()]).toEqual(['sent', 0]);
    send(150, 'p1', '2026-07');
    expect(budget.monthBytes()).toBe(150);
  });

  it('is not of this machine’s own address, which costs nothing', async () => {
    const { call, send, budget } = budgetOf();
    send(5_000, 'direct');
    expect([await call(), budget.monthBytes()]).toEqual(['sent', 0]);
  });

  it('has no end where none is set, and is looked at for the figures once a minute', async () => {
    const { call, send, said, reads, clock, budget } = budgetOf({ limitGb: null });
    send(5_000_000);
    expect([await call(), said]).toEqual(['sent', []]);
    await clock.pass(59_000);
    expect(reads).toEqual([]);
    await clock.pass(2_000);
    expect(reads).toEqual(['2026-06']);
    budget.close();
    await clock.pass(600_000);
    await settled();
    expect(reads).toHaveLength(1);
  });
});
