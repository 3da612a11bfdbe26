import { DatabaseSync } from 'node:sqlite';
import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Account } from '../../src/domain/account.ts';
import { createAddressCounter } from '../../src/limits/address-counter.ts';
import { createSqliteLedger, limitsMigrations } from '../../src/limits/ledger-sqlite.ts';
import { limitHeadersOf } from '../../src/limits/limit-headers.ts';
import { periodEndMs, periodOf, periodSeconds } from '../../src/limits/period.ts';
import { admit, type RateWindow, readWindow } from '../../src/limits/rate-window.ts';
import { migrate } from '../../src/store/sqlite.ts';

const at = (iso: string) => Date.parse(iso);

describe('the month', () => {
  it.each([
    ['2026-01-31T23:59:59.999Z', '2026-01', '2026-02-01T00:00:00Z', 31],
    ['2028-02-29T12:00:00Z', '2028-02', '2028-03-01T00:00:00Z', 29],
    ['2027-02-28T23:59:59Z', '2027-02', '2027-03-01T00:00:00Z', 28],
    ['2026-12-31T23:59:59Z', '2026-12', '2027-01-01T00:00:00Z', 31],
    ['2026-06-30T00:00:00+02:00', '2026-06', '2026-07-01T00:00:00Z', 30],
    ['2026-07-01T01:00:00+02:00', '2026-06', '2026-07-01T00:00:00Z', 30],
  ])('of %s is %s', (moment, period, end, days) => {
    expect([periodOf(at(moment)), periodEndMs(at(moment)), periodSeconds(at(moment))]).toEqual([
      period,
      at(end),
      days * 86_400,
    ]);
  });
});

describe('the second', () => {
  it('never admits more than the limit within any 1,000 ms, and admits as soon as it may', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 8 }),
        fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 120 }),
        (limit, steps) => {
          const window: RateWindow = [];
          const admitted: number[] = [];
          let nowMs = 0;
          for (const step of steps) {
            nowMs += step;
            const decision = admit(window, limit, nowMs);
            const within = admitted.filter((time) => time >= nowMs - 1_000).length;
            expect(decision.admitted).toBe(within < limit);
            if (decision.admitted) admitted.push(nowMs);
            else expect(admit([...window], limit, nowMs + decision.waitMs).admitted).toBe(true);
          }
          for (const [i, time] of admitted.entries())
            expect((admitted[i + limit] ?? Number.POSITIVE_INFINITY) - time).toBeGreaterThan(1_000);
        },
      ),
    );
  });

  it('does not count what it refuses', () => {
    const window: RateWindow = [];
    for (let i = 0; i < 100; i += 1) admit(window, 2, i);
    expect(readWindow(window, 2, 100)).toEqual({ limit: 2, remaining: 0, resetMs: 901 });
    expect(admit(window, 2, 1_001).admitted).toBe(true);
  });

  it('keeps a lowered limit at once', () => {
    const window: RateWindow = [];
    for (let i = 0; i < 5; i += 1) admit(window, 5, i);
    expect(admit(window, 2, 10)).toEqual({ admitted: false, waitMs: 994 });
  });
});

it('an address has its own count, and a new one after a minute', () => {
  let nowMs = 0;
  const counter = createAddressCounter(
    { now: () => nowMs, monotonic: () => nowMs, after: () => () => {} },
    60_000,
  );
  expect([counter.count('a').current, counter.count('a').current, counter.count('b').current]).toEqual([
    1, 2, 1,
  ]);
  nowMs = 60_000;
  expect(counter.count('a')).toEqual({ current: 1, ttl: 60_000 });
});

it('headers as the field and the draft write them', () => {
  const headers = limitHeadersOf(
    { limit: 2, remaining: 1, resetMs: 400 },
    { limit: 1_850, remaining: 7 },
    at('2026-02-28T23:59:58.500Z'),
  );
  expect(headers).toEqual({
    'x-ratelimit-limit': '2',
    'x-ratelimit-remaining': '1',
    'x-ratelimit-reset': '1',
    'x-quota-limit': '1850',
    'x-quota-remaining': '7',
    'x-quota-reset': '2',
    'ratelimit-policy': '"second";q=2;w=1, "month";q=1850;w=2419200',
    ratelimit: '"second";r=1;t=1, "month";r=7;t=2',
  });
});

describe('the ledger', () => {
  const NOW = at('2026-06-15T00:00:00Z');
  const account = (callsPerMonth: number): Account => ({
    id: 'a',
    name: 'a',
    plan: 'free',
    overrides: { callsPerMonth },
    suspended: false,
    expiresAtMs: null,
  });
  let db: DatabaseSync;
  beforeEach(() => {
    db = new DatabaseSync(':memory:');
    migrate(db, limitsMigrations);
  });
  const counted = () => Number(db.prepare('SELECT sum(used) AS used FROM usage').get()?.used ?? 0);

  it('admits exactly the quota of 10,000 concurrent calls', async () => {
    const ledger = createSqliteLedger(db);
    const charges = await Promise.all(
      Array.from({ length: 10_000 }, () => ledger.spend(account(5_000), NOW)),
    );
    expect(charges.filter((charge) => charge !== null)).toHaveLength(5_000);
    expect((await ledger.read(account(5_000), NOW)).remaining).toBe(0);
  });

  it('refunds once, to the month it was charged in', async () => {
    const ledger = createSqliteLedger(db);
    const charge = await ledger.spend(account(10), at('2026-06-30T23:59:59Z'));
    const july = at('2026-07-01T00:00:00Z');
    await ledger.spend(account(10), july);
    if (charge === null) throw new Error('refused');
    await ledger.refund(charge);
    await ledger.refund(charge);
    await ledger.close();
    expect(await ledger.usage()).toEqual([
      { accountId: 'a', period: '2026-06', used: 0 },
      { accountId: 'a', period: '2026-07', used: 1 },
    ]);
  });

  it('keeps the month when the plan changes, up or down', async () => {
    const ledger = createSqliteLedger(db);
    for (let i = 0; i < 700; i += 1) await ledger.spend(account(100_000), NOW);
    expect((await ledger.read(account(1_000), NOW)).remaining).toBe(300);
    expect(await ledger.spend(account(700), NOW)).toBeNull();
    expect((await ledger.read(account(2_000), NOW)).remaining).toBe(1_300);
  });

  it('hands back on a clean stop what it had leased', async () => {
    const ledger = createSqliteLedger(db);
    await ledger.spend(account(100_000), NOW);
    expect(counted()).toBe(100);
    await ledger.close();
    expect(counted()).toBe(1);
  });

  it('after a crash forgets nothing and counts one block too many at most', async () => {
    const crashed = createSqliteLedger(db);
    for (let i = 0; i < 250; i += 1) await crashed.spend(account(100_000), NOW);
    const next = createSqliteLedger(db);
    const used = 100_000 - (await next.read(account(100_000), NOW)).remaining;
    expect(used).toBeGreaterThanOrEqual(250);
    expect(used).toBeLessThanOrEqual(350);
  });

  it('holds its promises over any order of calls, refunds, crashes, months and plans', async () => {
    const step = fc.oneof(
      fc.record({
        kind: fc.constant('spend' as const),
        quota: fc.constantFrom(3, 600, 2_000),
        month: fc.integer({ min: 1, max: 2 }),
      }),
      fc.record({ kind: fc.constant('refund' as const), which: fc.nat() }),
      fc.constant({ kind: 'stop' as const }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const file = new DatabaseSync(':memory:');
        migrate(file, limitsMigrations);
        let ledger = createSqliteLedger(file);
        const used: Record<string, number> = {};
        const charges = [];
        for (const move of steps) {
          if (move.kind === 'spend') {
            const moment = Date.UTC(2026, move.month, 1);
            const period = periodOf(moment);
            const charge = await ledger.spend(account(move.quota), moment);
            expect(charge !== null).toBe((used[period] ?? 0) < move.quota);
            if (charge === null) continue;
            used[period] = (used[period] ?? 0) + 1;
            charges.push(charge);
          } else if (move.kind === 'refund') {
            const charge = charges[move.which % Math.max(1, charges.length)];
            if (charge === undefined) continue;
            if (!charge.refunded) used[charge.period] = (used[charge.period] ?? 0) - 1;
            await ledger.refund(charge);
          } else {
            await ledger.close();
            ledger = createSqliteLedger(file);
          }
        }
        for (const { period, used: told } of await ledger.usage()) expect(told).toBe(used[period] ?? 0);
        file.close();
      }),
    );
  });
});
