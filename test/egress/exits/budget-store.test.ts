import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Clock } from '../../../src/domain/clock.ts';
import { systemClock } from '../../../src/domain/clock.ts';
import { type BudgetStore, LEASE_MS } from '../../../src/egress/exits/budget-store.ts';
import { createMemoryBudgetStore } from '../../../src/egress/exits/budget-store-memory.ts';
import { createRedisBudgetStore } from '../../../src/egress/exits/budget-store-redis.ts';
import { createSqliteBudgetStore, exitsMigrations } from '../../../src/egress/exits/budget-store-sqlite.ts';
import type { RedisBackend, SqliteBackend } from '../../../src/store/backend.ts';
import { openBackend } from '../../../src/store/open-backend.ts';
import { hasRedis, type RedisServer, startRedis } from '../../store/redis-server.ts';

const HOUR_MS = 3_600_000;
const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const folder = mkdtempSync(join(tmpdir(), 'budgets-'));
let serial = 0;
const fresh = (what: string) => {
  serial += 1;
  return `${what}-${serial}`;
};

const backends: (SqliteBackend | RedisBackend)[] = [];
async function openSqlite(file: string, clock: Clock = systemClock): Promise<SqliteBackend> {
  const backend = await openBackend(`sqlite:${file}`, { role: 'gateway', clock, log: quiet });
  if (backend.kind !== 'sqlite') throw new Error('not SQLite');
  backend.prepare(exitsMigrations);
  backends.push(backend);
  return backend;
}
let redis: RedisServer;
async function openRedis(): Promise<RedisBackend> {
  const backend = await openBackend(redis.url, { role: 'tool', clock: systemClock, log: quiet });
  if (backend.kind !== 'redis') throw new Error('not Redis');
  backends.push(backend);
  return backend;
}

beforeAll(async () => {
  if (hasRedis) redis = await startRedis();
});
afterEach(async () => {
  for (const backend of backends.splice(0)) await backend.close();
});
afterAll(async () => {
  await redis?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const kinds: [string, () => Promise<BudgetStore>][] = [
  ['memory', async () => createMemoryBudgetStore(systemClock)],
  ['sqlite', async () => createSqliteBudgetStore(await openSqlite(join(folder, fresh('file'))))],
];
if (hasRedis) kinds.push(['redis', async () => createRedisBudgetStore(await openRedis())]);

describe.each(kinds)('a budget store: %s', (_kind, open) => {
  const want = (exitId: string, limit: number, calls = 5) => ({
    exitId,
    leaseId: fresh('lease'),
    limit,
    calls,
  });
  const spendingOf = async (store: BudgetStore, exitId: string) => {
    const { calls = 0, growsInMs = 0, restMs = 0 } = (await store.load([exitId])).get(exitId) ?? {};
    return { calls, growsInMs, restMs };
  };

  it('grants five calls, fewer near the end, and never more than the limit in all', async () => {
    const store = await open();
    const exitId = fresh('exit');
    const granted: number[] = [];
    for (let left = 24; left > 0; ) {
      const answer = await store.lease(want(exitId, 24), []);
      granted.push(answer.calls);
      left -= answer.calls;
      expect(answer.left).toBe(left);
    }
    expect(granted).toEqual([5, 4, 3, 3, 2, 1, 1, 1, 1, 1, 1, 1]);
    const refused = await store.lease(want(exitId, 24), []);
    expect(refused).toMatchObject({ calls: 0, left: 0 });
    expect(refused.growsInMs).toBeGreaterThan(HOUR_MS);
    expect(refused.growsInMs).toBeLessThanOrEqual(HOUR_MS + 10_000);
    expect((await spendingOf(store, exitId)).calls).toBe(24);
  });

  it('a lease that is over counts what was used, from its end, and gives the rest back', async () => {
    const store = await open();
    const exitId = fresh('exit');
    const wanted = want(exitId, 60);
    await store.lease(wanted, []);
    const ended = { exitId, leaseId: wanted.leaseId, used: 2, agoMs: 1_000 };
    await store.end([ended]);
    await store.end([ended]);
    const { calls, growsInMs } = await spendingOf(store, exitId);
    expect(calls).toBe(2);
    expect(growsInMs).toBeLessThanOrEqual(HOUR_MS - 1_000);
    expect(growsInMs).toBeGreaterThan(HOUR_MS - 60_000);
  });

  it('ends old leases and grants a new one in one step', async () => {
    const store = await open();
    const exitId = fresh('exit');
    const one = want(exitId, 5, 1);
    const two = want(exitId, 5, 1);
    for (const wanted of [one, two]) await store.lease(wanted, []);
    const answer = await store.lease(want(exitId, 5), [
      { exitId, leaseId: one.leaseId, used: 0, agoMs: 0 },
      { exitId, leaseId: two.leaseId, used: 1, agoMs: 0 },
    ]);
    expect(answer).toMatchObject({ calls: 1, left: 3 });
    expect((await spendingOf(store, exitId)).calls).toBe(2);
  });

  it('calls that are an hour old are gone', async () => {
    const store = await open();
    const exitId = fresh('exit');
    for (const agoMs of [HOUR_MS + 5, HOUR_MS - 60_000]) {
      const wanted = want(exitId, 4, 1);
      await store.lease(wanted, []);
      await store.end([{ exitId, leaseId: wanted.leaseId, used: 1, agoMs }]);
    }
    const { calls, growsInMs } = await spendingOf(store, exitId);
    expect(calls).toBe(1);
    expect(growsInMs).toBeLessThanOrEqual(60_000);
    expect((await store.lease(want(exitId, 4), [])).left).toBe(2);
    expect((await spendingOf(store, exitId)).calls).toBe(2);
  });

  it('a lease of which nothing was heard can be ended, and one that is unknown does no harm', async () => {
    const store = await open();
    const exitId = fresh('exit');
    await store.lease(want(exitId, 60, 1), []);
    await store.end([{ exitId, leaseId: 'never', used: 5, agoMs: 0 }]);
    expect((await spendingOf(store, exitId)).calls).toBe(1);
  });

  it('a 429 spends an exit until the latest word', async () => {
    const store = await open();
    const exitId = fresh('exit');
    await store.markSpent(exitId, 600_000);
    await store.markSpent(exitId, 60_000);
    const refused = await store.lease(want(exitId, 60), []);
    expect(refused.calls).toBe(0);
    expect(refused.growsInMs).toBeGreaterThan(590_000);
    expect(refused.growsInMs).toBeLessThanOrEqual(600_000);
    const { calls, restMs } = await spendingOf(store, exitId);
    expect(calls).toBe(0);
    expect(restMs).toBeGreaterThan(590_000);
  });

  it('a lower limit than before grants nothing until enough is gone', async () => {
    const store = await open();
    const exitId = fresh('exit');
    for (let i = 0; i < 2; i += 1) await store.lease(want(exitId, 60), []);
    expect(await store.lease(want(exitId, 8), [])).toMatchObject({ calls: 0, left: 0 });
  });

  it('many who ask at once get the limit together', async () => {
    const store = await open();
    const exitId = fresh('exit');
    const answers = await Promise.all(Array.from({ length: 100 }, () => store.lease(want(exitId, 60), [])));
    expect(answers.reduce((sum, { calls }) => sum + calls, 0)).toBe(60);
  });
});

describe('on SQLite', () => {
  it('what was leased when the process died is counted by the next one', async () => {
    const file = join(folder, fresh('file'));
    const first = await openSqlite(file);
    const store = createSqliteBudgetStore(first);
    await store.lease({ exitId: 'e', leaseId: 'one', limit: 60, calls: 5 }, []);
    await store.markSpent('f', 60_000);
    await first.close();
    backends.length = 0;
    const next = createSqliteBudgetStore(await openSqlite(file));
    expect((await next.load(['e'])).get('e')?.calls).toBe(5);
    expect(await next.lease({ exitId: 'e', leaseId: 'two', limit: 8, calls: 5 }, [])).toMatchObject({
      calls: 1,
      left: 2,
    });
    expect((await next.lease({ exitId: 'f', leaseId: 'three', limit: 8, calls: 5 }, [])).calls).toBe(0);
  });

  it('a store of the first version opens with its budgets intact', async () => {
    const file = join(folder, fresh('file'));
    const db = new DatabaseSync(file);
    db.exec('CREATE TABLE schema_versions (room TEXT PRIMARY KEY, version INTEGER NOT NULL) STRICT');
    db.exec("INSERT INTO schema_versions VALUES ('exits', 1)");
    db.exec(exitsMigrations[0]?.sql ?? '');
    const call = db.prepare('INSERT INTO exit_calls VALUES (?, ?)');
    for (let i = 0; i < 7; i += 1) call.run('direct', Date.now() - 1_000 * i);
    call.run('direct', Date.now() - HOUR_MS - 1_000);
    db.prepare('INSERT INTO exit_rests VALUES (?, ?)').run('other', Date.now() + 60_000);
    db.close();
    const store = createSqliteBudgetStore(await openSqlite(file));
    expect((await store.load(['direct'])).get('direct')?.calls).toBe(7);
    expect(await store.lease({ exitId: 'direct', leaseId: 'l', limit: 8, calls: 5 }, [])).toMatchObject({
      calls: 1,
      left: 0,
    });
    expect((await store.load(['other'])).get('other')?.restMs).toBeGreaterThan(50_000);
  });

  it('a clock that was set back an hour makes no wait longer than one', async () => {
    const file = join(folder, fresh('file'));
    const ahead = await openSqlite(file, { ...systemClock, now: () => Date.now() + HOUR_MS });
    const store = createSqliteBudgetStore(ahead);
    await store.lease({ exitId: 'e', leaseId: 'one', limit: 5, calls: 5 }, []);
    await store.markSpent('f', HOUR_MS);
    await ahead.close();
    backends.length = 0;
    await expectNoLongWait(createSqliteBudgetStore(await openSqlite(file)), 'e', 'f');
  });

  it('leases make one write of many', async () => {
    const backend = await openSqlite(join(folder, fresh('file')));
    const store = createSqliteBudgetStore(backend);
    const rows = () => Number(backend.db.prepare('SELECT count(*) AS n FROM exit_leases').get()?.n);
    await store.lease({ exitId: 'e', leaseId: 'one', limit: 1_000, calls: 5 }, []);
    expect(rows()).toBe(1);
    await store.end([{ exitId: 'e', leaseId: 'one', used: 0, agoMs: 0 }]);
    expect(rows()).toBe(0);
  });
});

/** `used` has calls counted in what is the future now, `spent` a rest until then. */
async function expectNoLongWait(store: BudgetStore, used: string, spent: string): Promise<void> {
  const longestMs = HOUR_MS + LEASE_MS;
  const kept = await store.load([used, spent]);
  expect(kept.get(used)?.growsInMs).toBeLessThanOrEqual(longestMs);
  expect(kept.get(spent)?.restMs).toBeLessThanOrEqual(HOUR_MS);
  for (const [i, exitId] of [used, spent].entries()) {
    const answer = await store.lease({ exitId, leaseId: fresh(`late-${i}`), limit: 1, calls: 1 }, []);
    expect(answer.calls).toBe(0);
    expect(answer.growsInMs).toBeGreaterThan(0);
    expect(answer.growsInMs).toBeLessThanOrEqual(longestMs);
  }
}

describe.runIf(hasRedis)('on Redis', () => {
  it('a clock that was set back an hour makes no wait longer than one', async () => {
    const backend = await openRedis();
    const [used, spent] = [fresh('exit'), fresh('exit')];
    const later = Date.now() + HOUR_MS;
    await backend.client.zadd(`gateway:exit:{${used}}:calls`, later, 'gateway:1');
    await backend.client.set(`gateway:exit:{${spent}}:rest`, later + HOUR_MS);
    await expectNoLongWait(createRedisBudgetStore(backend), used, spent);
  });

  it('a store of the first version opens with its budgets intact', async () => {
    const backend = await openRedis();
    const exitId = fresh('exit');
    for (let i = 0; i < 7; i += 1)
      await backend.client.zadd(`gateway:exit:{${exitId}}:calls`, Date.now() - i * 1_000, `gateway:${i}.5`);
    await backend.client.zadd(`gateway:exit:{${exitId}}:calls`, Date.now() - HOUR_MS - 1_000, 'gateway:old');
    const store = createRedisBudgetStore(backend);
    expect((await store.load([exitId])).get(exitId)?.calls).toBe(7);
    expect(await store.lease({ exitId, leaseId: 'l', limit: 8, calls: 5 }, [])).toMatchObject({
      calls: 1,
      left: 0,
    });
    expect((await store.load([exitId])).get(exitId)?.calls).toBe(8);
  });

  it('gateways share one budget', async () => {
    const stores = [createRedisBudgetStore(await openRedis()), createRedisBudgetStore(await openRedis())];
    const exitId = fresh('exit');
    const answers = await Promise.all(
      Array.from({ length: 80 }, (_, i) =>
        (stores[i % 2] as BudgetStore).lease({ exitId, leaseId: fresh('lease'), limit: 60, calls: 5 }, []),
      ),
    );
    expect(answers.reduce((sum, { calls }) => sum + calls, 0)).toBe(60);
  });

  it('reads a thousand exits in a fraction of a second', async () => {
    const backend = await openRedis();
    const store = createRedisBudgetStore(backend);
    const ids = Array.from({ length: 1_000 }, () => fresh('exit'));
    await Promise.all(
      ids.map((exitId) => store.lease({ exitId, leaseId: fresh('lease'), limit: 60, calls: 5 }, [])),
    );
    let bestMs = Number.POSITIVE_INFINITY;
    for (let i = 0; i < 20 && bestMs >= 300; i += 1) {
      const startedAtMs = performance.now();
      const found = await store.load(ids);
      bestMs = Math.min(bestMs, performance.now() - startedAtMs);
      expect([...found.values()].filter(({ calls }) => calls === 5)).toHaveLength(1_000);
    }
    expect(bestMs).toBeLessThan(300);
  });
});
