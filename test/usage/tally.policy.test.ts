import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EVERYONE, EXITS, exitsOf, type UsageRow } from '../../src/domain/usage.ts';
import { monthOf, summaryOf } from '../../src/domain/usage-summary.ts';
import { createTally, merged } from '../../src/usage/tally.ts';
import { attemptEnded, callEnded } from '../admin/fakes.ts';

const at = (iso: string) => ({ receivedAtMs: Date.parse(iso) });
const row = (more: Partial<UsageRow> = {}): UsageRow => ({
  ...{ day: '2026-11-24', endpoint: 'getRepository', code: 'ok' },
  ...{ calls: 1, charged: 1, bytesOut: 10, bytesExit: 20 },
  ...more,
});

describe('a tally', () => {
  it('tells accounts, days, endpoints and codes apart, and adds up all else', () => {
    const tally = createTally();
    const attempts = [attemptEnded({ bytesUp: 1, bytesDown: 2 }), attemptEnded({ bytesUp: 4, bytesDown: 8 })];
    const ended = { accountId: 'a', bytesOut: 100, attempts, ...at('2026-11-24T23:59:59.999Z') };
    tally.count(callEnded(ended));
    tally.count(callEnded({ ...ended, charge: 'refunded' }));
    tally.count(callEnded({ ...ended, code: 'rate_exceeded', charge: 'free', bytesOut: 5, attempts: [] }));
    tally.count(callEnded({ ...ended, operationId: null, ...at('2026-11-25T00:00:00Z') }));
    const counts = { calls: 2, charged: 1, bytesOut: 200, bytesExit: 30 };
    expect(merged(tally.peek('a', '2026-11'))).toEqual([
      row(counts),
      row({ code: 'rate_exceeded', charged: 0, bytesOut: 5, bytesExit: 0 }),
      row({ day: '2026-11-25', endpoint: 'none', bytesOut: 100, bytesExit: 15 }),
    ]);
    expect(tally.peek('b', '2026-11')).toEqual([]);
    expect(tally.peek('a', '2026-12')).toEqual([]);
  });

  it('counts everyone’s calls together, those without an account too', () => {
    const tally = createTally();
    tally.count(callEnded({ accountId: 'a', ...at('2026-11-24T12:00:00Z') }));
    tally.count(callEnded({ accountId: 'b', ...at('2026-11-24T12:00:00Z') }));
    tally.count(
      callEnded({ accountId: null, code: 'key_missing', charge: 'free', ...at('2026-11-24T12:00:00Z') }),
    );
    expect(tally.take(1).map(({ account }) => account)).toEqual(['a', EVERYONE, 'b']);
    tally.count(callEnded({ accountId: 'a', ...at('2026-11-24T12:00:00Z') }));
    tally.count(callEnded({ accountId: 'b', ...at('2026-11-24T12:00:00Z') }));
    tally.count(callEnded({ accountId: null, code: 'key_missing', ...at('2026-11-24T12:00:00Z') }));
    expect(merged(tally.peek(EVERYONE, '2026-11')).map(({ code, calls }) => [code, calls])).toEqual([
      ['key_missing', 1],
      ['ok', 2],
    ]);
  });

  it('counts requests through paid exits by exit and verdict, on the day they ended, and no others', () => {
    const tally = createTally();
    const paid = attemptEnded({ source: 'p1', verdict: 'answered', bytesUp: 100, bytesDown: 900 });
    tally.countAttempt(paid, Date.parse('2026-11-24T12:00:00Z'));
    tally.countAttempt(paid, Date.parse('2026-11-24T13:00:00Z'));
    tally.countAttempt({ ...paid, verdict: 'spent' }, Date.parse('2026-11-25T12:00:00Z'));
    tally.countAttempt({ ...paid, source: 'direct' }, Date.parse('2026-11-24T12:00:00Z'));
    const sent = { endpoint: 'p1', charged: 0, bytesOut: 0 };
    expect(tally.peek(EXITS, '2026-11')).toEqual([
      row({ ...sent, code: 'answered', calls: 2, bytesExit: 2_000 }),
      row({ ...sent, day: '2026-11-25', code: 'spent', calls: 1, bytesExit: 1_000 }),
    ]);
  });

  it('counts requests through paid exits by entry and verdict, and by account and entry', () => {
    const tally = createTally();
    const nowMs = Date.parse('2026-11-30T23:59:59.999Z');
    const attempt = attemptEnded({ accountId: 'a', bytesUp: 5, bytesDown: 20 });
    tally.countAttempt(attempt, nowMs);
    tally.countAttempt({ ...attempt, verdict: 'blocked', bytesDown: 2 }, nowMs);
    tally.countAttempt({ ...attempt, accountId: 'b', source: 'p2' }, nowMs);
    tally.countAttempt({ ...attempt, source: 'direct' }, nowMs);
    tally.countAttempt(attempt, nowMs + 1);
    const of = { day: '2026-11-30', endpoint: 'p1', charged: 0, bytesOut: 0 };
    expect(merged(tally.peek(EXITS, '2026-11'))).toEqual([
      row({ ...of, code: 'answered', calls: 1, bytesExit: 25 }),
      row({ ...of, code: 'blocked', calls: 1, bytesExit: 7 }),
      row({ ...of, endpoint: 'p2', code: 'answered', calls: 1, bytesExit: 25 }),
    ]);
    expect(tally.peek(exitsOf('a'), '2026-11')).toEqual([
      row({ ...of, code: 'all', calls: 2, bytesExit: 32 }),
    ]);
    expect(tally.peek(exitsOf('b'), '2026-11')).toEqual([
      row({ ...of, endpoint: 'p2', code: 'all', calls: 1, bytesExit: 25 }),
    ]);
    expect(tally.peek(exitsOf('a'), '2026-12')).toHaveLength(1);
    expect(tally.peek('a', '2026-11')).toEqual([]);
  });

  it('is taken once, in batches of one account and month, numbered on', () => {
    const tally = createTally();
    tally.count(callEnded({ accountId: 'a', ...at('2026-11-30T23:00:00Z') }));
    tally.count(callEnded({ accountId: 'a', ...at('2026-12-01T00:00:00Z') }));
    const batches = tally.take(7);
    expect(batches.map(({ account, month, number, rows }) => [account, month, number, rows.length])).toEqual([
      ['a', '2026-11', 7, 1],
      [EVERYONE, '2026-11', 8, 1],
      ['a', '2026-12', 9, 1],
      [EVERYONE, '2026-12', 10, 1],
    ]);
    expect(tally.take(11)).toEqual([]);
    expect(tally.peek('a', '2026-11')).toEqual([]);
  });
});

const rows = fc.array(
  fc.record({
    day: fc.constantFrom('2026-11-01', '2026-11-02'),
    endpoint: fc.constantFrom('getRepository', 'listTags'),
    code: fc.constantFrom('ok', 'rate_exceeded'),
    calls: fc.nat(1_000),
    charged: fc.nat(1_000),
    bytesOut: fc.nat(),
    bytesExit: fc.nat(),
  }),
);

describe('merging and summing', () => {
  it('lose nothing, and give one row a day, endpoint and code, in order', () => {
    fc.assert(
      fc.property(rows, rows, (left, right) => {
        const both = merged(left, right);
        expect(summaryOf(both).total).toEqual(summaryOf([...left, ...right]).total);
        const names = both.map(({ day, endpoint, code }) => `${day} ${endpoint} ${code}`);
        expect(names).toEqual([...new Set(names)].sort());
      }),
    );
  });

  it('add up each number by itself', () => {
    const { total, days } = summaryOf([row(), row({ calls: 2, charged: 3, bytesOut: 4, bytesExit: 5 })]);
    expect(total).toEqual({ calls: 3, charged: 4, bytesOut: 14, bytesExit: 25 });
    expect(days).toEqual([{ day: '2026-11-24', ...total }]);
  });

  it('leave what they were given as it was', () => {
    const given = [row(), row()];
    merged(given);
    expect(given).toEqual([row(), row()]);
  });

  it('give the same total by day, by endpoint and by code', () => {
    fc.assert(
      fc.property(rows, (given) => {
        const { total, days, endpoints, codes } = summaryOf(given);
        for (const groups of [days, endpoints, codes])
          for (const name of ['calls', 'charged', 'bytesOut', 'bytesExit'] as const)
            expect(groups.reduce((sum, group) => sum + group[name], 0)).toBe(total[name]);
      }),
    );
  });

  it('name each day, endpoint and code once, in order', () => {
    const { days, endpoints, codes } = summaryOf([
      row({ day: '2026-11-02', endpoint: 'listTags' }),
      row({ code: 'rate_exceeded', day: '2026-11-01' }),
      row({ day: '2026-11-01' }),
    ]);
    expect(days.map(({ day, calls }) => [day, calls])).toEqual([
      ['2026-11-01', 2],
      ['2026-11-02', 1],
    ]);
    expect(endpoints.map(({ endpoint }) => endpoint)).toEqual(['getRepository', 'listTags']);
    expect(codes.map(({ code }) => code)).toEqual(['ok', 'rate_exceeded']);
  });
});

it.each([
  ['2026-11-24T12:00:00Z', 0, '2026-11'],
  ['2026-12-31T23:59:59.999Z', 0, '2026-12'],
  ['2026-01-31T12:00:00Z', 1, '2025-12'],
  ['2026-03-31T12:00:00Z', 1, '2026-02'],
  ['2026-11-24T12:00:00Z', 12, '2025-11'],
])('the month of %s, %i back, is %s', (iso, back, month) =>
  expect(monthOf(Date.parse(iso), back)).toBe(month),
);
