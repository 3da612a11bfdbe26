import { describe, expect, it } from 'vitest';
import type { Upstream } from '../../src/domain/upstream.ts';
import type { UsageRow } from '../../src/domain/usage.ts';
import { createTrafficBudget } from '../../src/usage/traffic-budget.ts';
import { attemptEnded } from '../admin/fakes.ts';
import { createVirtualClock, settled } from '../virtual-clock.ts';

/** A month of 1,000 bytes, and what all gateways have sent by the store. */
function budgetOf({
  limitGb = 1e-6 as number | null,
  startMs = Date.parse('2026-06-30T22:00:00Z'),
  terms = {} as Record<string, number | null>,
} = {}) {
  const clock = createVirtualClock(startMs);
  const kept: Record<string, number> = {};
  const said: string[] = [];
  const reads: string[] = [];
  const lookedAtMs: number[] = [];
  const lines: [object, string][] = [];
  const saying = (what: string) => (fields: object, message: string) => {
    said.push(what);
    lines.push([fields, message]);
  };
  const log = { debug: saying('debug'), info: () => {}, warn: saying('near'), error: saying('used up') };
  const state = { isAway: false, told: 0, terms };
  const stops: string[][] = [];
  /** What the list says now. */
  const list = () =>
    new Map(
      Object.entries(state.terms).map(([source, gb]) => [source, { pricePerGb: null, gbPerMonth: gb }]),
    );
  const read = async (month: string): Promise<readonly UsageRow[]> => {
    reads.push(month);
    lookedAtMs.push(clock.monotonic());
    if (state.isAway) throw new Error('away');
    return Object.entries(kept).flatMap(([name, bytes]) => {
      const [of = '', endpoint = 'p1'] = name.split(' ');
      const row = { day: `${month}-01`, endpoint, code: 'answered', calls: 1, charged: 0, bytesOut: 0 };
      return of === month
        ? [
            { ...row, bytesExit: bytes - 1 },
            { ...row, bytesExit: 1 },
          ]
        : [];
    });
  };
  const budget = createTrafficBudget({
    ...{ limitGb, read, clock, log },
    terms: list,
    tell: async () => {
      state.told += 1;
    },
    stopSources: (sources) => void stops.push([...sources].sort()),
  });
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
    const name = source === 'p1' ? month : `${month} ${source}`;
    if (source !== 'direct') kept[name] = (kept[name] ?? 0) + bytes;
    budget.telemetry.attemptEnded(attemptEnded({ source, bytesUp: 100, bytesDown: bytes - 100 }));
  };
  return { budget, clock, kept, said, lines, reads, lookedAtMs, state, stops, call, send };
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

describe('the month’s traffic of an entry', () => {
  const limited = (more: Parameters<typeof budgetOf>[0] = {}) =>
    budgetOf({ limitGb: null, terms: { p1: 1e-6, p2: 2e-6 }, ...more });

  it('stops it at its limit and no byte before, says so once, and stops nothing else', async () => {
    const { send, stops, said, call, budget } = limited();
    send(799);
    expect([stops, said]).toEqual([[], []]);
    send(200);
    send(5_000, 'p3');
    expect([stops, said]).toEqual([[], ['near']]);
    send(101);
    send(100);
    expect([stops, said, await call()]).toEqual([[['p1']], ['near', 'used up'], 'sent']);
    send(2_000, 'p2');
    expect([stops, said]).toEqual([
      [['p1'], ['p1', 'p2']],
      ['near', 'used up', 'used up'],
    ]);
    expect(budget.sources()).toEqual([
      { source: 'p1', bytes: 1_200, limitBytes: 1_000, traffic: 'used up' },
      { source: 'p2', bytes: 2_000, limitBytes: 2_000, traffic: 'used up' },
      { source: 'p3', bytes: 5_000, limitBytes: null, traffic: 'within' },
    ]);
  });

  it('knows what was sent before the start, and by other gateways', async () => {
    const { budget, kept, stops, clock } = limited();
    kept['2026-06'] = 1_000;
    await budget.ready();
    expect(stops).toEqual([['p1']]);
    kept['2026-06 p2'] = 1_999;
    await clock.pass(1_001);
    expect(stops).toHaveLength(1);
    kept['2026-06 p2'] = 2_000;
    await clock.pass(1_001);
    expect(stops).toEqual([['p1'], ['p1', 'p2']]);
  });

  it('goes on when the month ends, also while the store is away', async () => {
    const { send, stops, clock, state, budget } = limited();
    send(1_000);
    state.isAway = true;
    await clock.pass(2 * 3_600_000 - 1_000);
    expect(stops).toEqual([['p1']]);
    await clock.pass(2_000);
    expect(stops).toEqual([['p1'], []]);
    expect(budget.sources()[0]).toMatchObject({ source: 'p1', bytes: 0, traffic: 'within' });
    send(1_000, 'p1', '2026-07');
    expect(stops).toEqual([['p1'], [], ['p1']]);
  });

  it('goes on when its budget is raised, and stops when it is lowered', async () => {
    const { send, stops, state, clock } = limited();
    send(1_000);
    state.terms = { p1: 3e-6 };
    await clock.pass(1_001);
    expect(stops).toEqual([['p1'], []]);
    state.terms = { p1: 0.5e-6 };
    await clock.pass(1_001);
    expect(stops).toEqual([['p1'], [], ['p1']]);
  });

  it('is looked at the sooner the less time is left, and told before that', async () => {
    const { send, lookedAtMs, state, clock } = limited({ terms: { p1: 1e-3 } });
    // A hundred seconds' worth, 10 kB each.
    for (let sent = 0; sent < 999_000; sent += 100) {
      send(100);
      await clock.pass(10);
    }
    const waits = lookedAtMs.slice(1).map((atMs, i) => atMs - (lookedAtMs[i] ?? 0));
    expect(waits.slice(0, 3).every((wait) => wait >= 950 && wait <= 1_000)).toBe(true);
    const waitAt = (atMs: number) => waits[lookedAtMs.findIndex((each) => each > atMs) - 1] ?? 0;
    expect(waitAt(50_000)).toBeCloseTo(500, -2);
    expect(waitAt(90_000)).toBeGreaterThan(85);
    expect(waitAt(90_000)).toBeLessThan(105);
    expect(waits.at(-1)).toBe(50);
    expect(state.told).toBe(lookedAtMs.length);
    // Not more rarely at once when nothing comes for a moment.
    const looks = lookedAtMs.length;
    await clock.pass(500);
    expect(lookedAtMs.length).toBeGreaterThanOrEqual(looks + 9);
    await clock.pass(20_000);
    expect((lookedAtMs.at(-1) ?? 0) - (lookedAtMs.at(-2) ?? 0)).toBe(1_000);
  });

  it('with a limit on nothing is looked at once a minute, and not told', async () => {
    const { clock, reads, state } = limited({ terms: {} });
    await clock.pass(59_000);
    expect(reads).toEqual([]);
    await clock.pass(2_000);
    expect([reads.length, state.told]).toEqual([1, 0]);
  });
});

it('what the store does not know yet is not forgotten when it is looked at', async () => {
  const { budget, kept, clock } = budgetOf({ terms: { p1: 1e-6 } });
  kept['2026-06'] = 300;
  await budget.ready();
  budget.telemetry.attemptEnded(attemptEnded({ source: 'p1', bytesUp: 100, bytesDown: 100 }));
  kept['2026-06'] = 400;
  await clock.pass(1_001);
  expect(budget.monthBytes()).toBe(500);
  kept['2026-06'] = 700;
  await clock.pass(1_001);
  expect(budget.monthBytes()).toBe(700);
});

describe('what is said of an entry', () => {
  it('names it, the month, the GB and the limit', () => {
    const { send, lines } = budgetOf({ limitGb: null, terms: { p1: 2.5 } });
    send(2_000_400_000);
    send(500_000_000);
    const of = { source: 'p1', month: '2026-06' };
    expect(lines).toEqual([
      [
        { ...of, gb: 2, limit_gb: 2.5 },
        'four fifths of the month’s traffic through an entry’s exits are used',
      ],
      [
        { ...of, gb: 2.5, limit_gb: 2.5 },
        'the month’s traffic through an entry’s exits is used up: no call leaves by them',
      ],
    ]);
  });

  it('is said again of the next month', async () => {
    const { send, said, clock } = budgetOf({ terms: { p1: 1e-6 }, limitGb: 1e-6 });
    send(1_000);
    expect(said).toEqual(['used up', 'used up']);
    await clock.pass(2 * 3_600_000 + 1_000);
    send(1_000, 'p1', '2026-07');
    expect(said).toEqual(['used up', 'used up', 'used up', 'used up']);
    // Before anything was looked at in the new one.
    clock.jump(31 * 86_400_000);
    send(1_000, 'p1', '2026-08');
    expect(said).toHaveLength(6);
  });

  it('how far it is', () => {
    const { budget, send } = budgetOf({ limitGb: null, terms: { p1: 1e-6, p2: null } });
    const told = () =>
      budget.sources().map(({ source, traffic, limitBytes }) => [source, traffic, limitBytes]);
    send(799);
    expect(told()).toEqual([
      ['p1', 'within', 1_000],
      ['p2', 'within', null],
    ]);
    send(1);
    expect(told()[0]).toEqual(['p1', 'near', 1_000]);
  });
});

describe('looks', () => {
  it('are rare where the list names no GB', async () => {
    const { clock, reads, state } = budgetOf({ limitGb: null, terms: { p1: null, p2: null } });
    await clock.pass(59_000);
    expect([reads.length, state.told]).toEqual([0, 0]);
  });

  it('follow the pace of all together where they have a limit', async () => {
    const { send, lookedAtMs, clock } = budgetOf({ limitGb: 1e-3, terms: { p1: null } });
    for (let sent = 0; sent < 950_000; sent += 200) {
      send(100);
      send(100, 'p2');
      await clock.pass(20);
    }
    expect((lookedAtMs.at(-1) ?? 0) - (lookedAtMs.at(-2) ?? 0)).toBeLessThan(80);
    expect((lookedAtMs[2] ?? 0) - (lookedAtMs[1] ?? 0)).toBeGreaterThan(900);
  });

  it('end with the budget, also one that is under way', async () => {
    const { budget, clock, reads } = budgetOf();
    budget.close();
    await clock.pass(10_000);
    expect(reads).toEqual([]);
    const other = budgetOf();
    const looking = other.clock.pass(1_000);
    other.budget.close();
    await looking;
    await other.clock.pass(10_000);
    expect(other.reads.length).toBeLessThanOrEqual(1);
  });
});
