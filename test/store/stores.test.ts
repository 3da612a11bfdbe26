import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { main as storeMain } from '../../src/cli/store.ts';
import type { Account } from '../../src/domain/account.ts';
import { createKey } from '../../src/keys/key.ts';
import { openStores, type Stores } from '../../src/open-stores.ts';
import { openRedis } from '../../src/store/redis.ts';
import { createTestClock, type TestClock } from '../gateway.ts';
import { hasRedis, type RedisServer, startRedis } from './redis-server.ts';

const log = { debug() {}, info() {}, warn() {}, error() {} };
const folder = mkdtempSync(join(tmpdir(), 'stores-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let redis: RedisServer;
beforeAll(async () => {
  if (hasRedis) redis = await startRedis();
});
afterAll(() => redis?.stop());

let count = 0;
const name = () => {
  count += 1;
  return `account-${count}`;
};

const account = (callsPerMonth: number, id = name()): Account => ({
  id,
  name: id,
  plan: 'free',
  overrides: { callsPerMonth },
  suspended: false,
  expiresAtMs: null,
});

const NOW = Date.parse('2026-06-15T12:00:00Z');
const kinds: [string, () => string][] = [
  ['sqlite', () => `sqlite:${join(folder, `${name()}.db`)}`],
  ['redis', () => redis.url],
];

describe.each(kinds)('a store on %s', (kind, urlOf) => {
  describe.skipIf(kind === 'redis' && !hasRedis)('', () => {
    let stores: Stores;
    let clock: TestClock;
    let url: string;
    beforeEach(async () => {
      clock = createTestClock();
      url = urlOf();
      stores = await openStores(url, { role: 'tool', clock, log });
    });
    afterEach(() => stores.close());

    it('admits exactly the quota of concurrent calls, and refunds once', async () => {
      const subject = account(500);
      const charges = await Promise.all(
        Array.from({ length: 1_000 }, () => stores.ledger.spend(subject, NOW)),
      );
      const admitted = charges.filter((charge) => charge !== null);
      expect(admitted).toHaveLength(500);
      const [first] = admitted;
      if (first === undefined) throw new Error('none');
      await stores.ledger.refund(first);
      await stores.ledger.refund(first);
      expect(await stores.ledger.read(subject, NOW)).toEqual({ limit: 500, remaining: 1 });
      expect(await stores.ledger.read(subject, Date.parse('2026-07-01T00:00:00Z'))).toEqual({
        limit: 500,
        remaining: 500,
      });
    });

    it('keeps the month of an account whose plan changes', async () => {
      const subject = account(10);
      for (let i = 0; i < 10; i += 1) await stores.ledger.spend(subject, NOW);
      expect(await stores.ledger.spend(subject, NOW)).toBeNull();
      expect(await stores.ledger.read(account(30, subject.id), NOW)).toEqual({ limit: 30, remaining: 20 });
      expect(await stores.ledger.read(account(5, subject.id), NOW)).toEqual({ limit: 5, remaining: 0 });
    });

    it('admits the rate and no more, and says how long to wait', async () => {
      const id = name();
      const decisions = await Promise.all(Array.from({ length: 10 }, () => stores.rates.admit(id, 4)));
      expect(decisions.filter(({ admitted }) => admitted)).toHaveLength(4);
      for (const decision of decisions) {
        if (!decision.admitted) expect(decision.waitMs).toBeGreaterThan(900);
      }
      const { remaining, resetMs } = await stores.rates.read(id, 4);
      expect(remaining).toBe(0);
      expect(resetMs).toBeGreaterThan(0);
    });
  });
});

describe.skipIf(!hasRedis)('gateways that share a Redis', () => {
  let one: Stores;
  let two: Stores;
  let clock: TestClock;
  beforeEach(async () => {
    clock = createTestClock();
    one = await openStores(redis.url, { role: 'gateway', clock, log });
    two = await openStores(redis.url, { role: 'gateway', clock, log });
  });
  afterEach(async () => {
    await one.close();
    await two.close();
  });

  it('share the second and the month', async () => {
    const subject = account(100);
    const both = (work: (stores: Stores, i: number) => Promise<unknown>, times: number) =>
      Promise.all(Array.from({ length: times }, (_, i) => work(i % 2 === 0 ? one : two, i)));
    const rates = (await both((stores) => stores.rates.admit(subject.id, 5), 40)) as { admitted: boolean }[];
    expect(rates.filter(({ admitted }) => admitted)).toHaveLength(5);
    const charges = await both((stores) => stores.ledger.spend(subject, NOW), 200);
    expect(charges.filter((charge) => charge !== null)).toHaveLength(100);
  });
});

describe.skipIf(!hasRedis)('when Redis is away', () => {
  it.each(['pause', 'kill'] as const)(
    '%s: a verdict at once, known keys go on, unknown ones 503, all charged once after it',
    async (how) => {
      const own = await startRedis();
      const clock = createTestClock();
      const stores = await openStores(own.url, { role: 'gateway', clock, log });
      const [known, unknown] = [createKey('live'), createKey('live')];
      const { account: made } = await stores.registry.create(
        { name: name(), plan: 'free', overrides: {}, expiresAtMs: null },
        known,
        NOW,
      );
      await stores.keys.find(known.hash, NOW);
      await stores.ledger.spend(made, NOW);

      if (how === 'pause') own.pause();
      else await own.kill();
      clock.pass(600);
      const startedAtMs = performance.now();
      expect((await stores.keys.find(known.hash, NOW))?.account.id).toBe(made.id);
      expect(performance.now() - startedAtMs).toBeLessThan(90);
      await expect(stores.keys.find(unknown.hash, NOW)).rejects.toMatchObject({ code: 'store_unavailable' });
      const spendingAtMs = performance.now();
      for (let i = 0; i < 3; i += 1) expect(await stores.ledger.spend(made, NOW)).not.toBeNull();
      expect(performance.now() - spendingAtMs).toBeLessThan(90);
      await expect(stores.ledger.spend(account(10), NOW)).rejects.toMatchObject({
        code: 'store_unavailable',
      });
      expect((await stores.rates.admit(made.id, 2)).admitted).toBe(true);

      if (how === 'pause') own.resume();
      else await own.restart();
      await expect
        .poll(
          async () => {
            clock.pass(300);
            await stores.ledger.spend(made, NOW);
            return (
              (await stores.ledger.usage().catch(() => [])).find(({ accountId }) => accountId === made.id)
                ?.used ?? 0
            );
          },
          { timeout: 5_000, interval: 100 },
        )
        .toBeGreaterThanOrEqual(5);
      const before = 1_850 - (await stores.ledger.read(made, NOW)).remaining;
      await stores.ledger.spend(made, NOW);
      expect(1_850 - (await stores.ledger.read(made, NOW)).remaining).toBe(before + 1);
      await stores.close();
      await own.stop();
    },
  );

  it.each([
    [['--appendonly', 'no'], 'appendonly yes'],
    [['--appendonly', 'yes', '--maxmemory-policy', 'allkeys-lru'], 'noeviction'],
  ])('%j is refused at the start', async (settings, words) => {
    const own = await startRedis(settings);
    await expect(openStores(own.url, { role: 'gateway', clock: createTestClock(), log })).rejects.toThrow(
      words,
    );
    await own.stop();
  });

  it('a store that a newer program wrote is refused', async () => {
    const own = await startRedis();
    const { client, close } = await openRedis(own.url, 1_000);
    await client.set('{gateway}:schema', 99);
    await close();
    await expect(openStores(own.url, { role: 'gateway', clock: createTestClock(), log })).rejects.toThrow(
      'newer version',
    );
    await own.stop();
  });

  it('a server that is not there is told without its password', async () => {
    const opening = openStores('redis://user:canary@127.0.0.1:1', {
      role: 'tool',
      clock: createTestClock(),
      log,
    });
    await expect(opening).rejects.toThrow(/cannot be reached/);
    await opening.catch((error: Error) => expect(String(error.stack)).not.toContain('canary'));
  });
});

describe.skipIf(!hasRedis)('store -- copy', () => {
  it('moves everything in the middle of a month', async () => {
    const own = await startRedis();
    const url = `sqlite:${join(folder, 'copied.db')}`;
    const clock = createTestClock();
    const source = await openStores(url, { role: 'tool', clock, log });
    const key = createKey('live');
    const { account: made } = await source.registry.create(
      { name: 'moved', plan: 'pro', overrides: { callsPerMonth: 900 }, expiresAtMs: null },
      key,
      NOW,
    );
    for (let i = 0; i < 7; i += 1) await source.ledger.spend(made, NOW);
    await source.close();

    expect(await storeMain(['copy', '--from', url, '--to', own.url])).toBe(0);
    const target = await openStores(own.url, { role: 'tool', clock, log });
    expect(await target.keys.find(key.hash, NOW)).toMatchObject({ account: made, keyId: key.id });
    expect(await target.ledger.read(made, NOW)).toEqual({ limit: 900, remaining: 893 });
    expect((await target.registry.audit()).values).toHaveLength(1);
    await target.close();
    expect(await storeMain(['copy', '--from', url, '--to', own.url])).toBe(1);
    await own.stop();
  });
});
