import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { main as storeMain } from '../../src/cli/store.ts';
import { createKey } from '../../src/keys/key.ts';
import { openStores, type Stores } from '../../src/open-stores.ts';
import { openBackend } from '../../src/store/open-backend.ts';
import { createTestClock, type TestClock } from '../gateway.ts';
import { accountWith, call, callFor, calls, tally, usedOf } from '../limits/spend.ts';
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

    const left = async (subject: ReturnType<typeof accountWith>) =>
      (await stores.meter.read(subject))?.quota.remaining;

    it('admits exactly the quota of concurrent calls, and refunds once', async () => {
      const subject = accountWith(500);
      const made = await Promise.all(Array.from({ length: 1_000 }, () => callFor(stores.meter, subject)));
      expect(tally(made.map(({ verdict }) => verdict))).toEqual({ granted: 500, quota: 500 });
      const charge = made.find(({ verdict }) => verdict === 'granted')?.charge;
      if (charge == null) throw new Error('none');
      stores.meter.refund(charge);
      stores.meter.refund(charge);
      await expect.poll(() => left(subject)).toBe(1);
      expect(tally(await calls([stores.meter], subject, 5))).toEqual({ granted: 1, quota: 4 });
    });

    it('keeps the month of an account whose plan changes', async () => {
      const subject = accountWith(10);
      expect(tally(await calls([stores.meter], subject, 11))).toEqual({ granted: 10, quota: 1 });
      expect(await left(accountWith(30, 1, subject.id))).toBe(20);
      expect(await left(accountWith(5, 1, subject.id))).toBe(0);
      expect(await call(stores.meter, accountWith(5, 1_000, subject.id))).toBe('quota');
      expect(await call(stores.meter, accountWith(30, 1_000, subject.id))).toBe('granted');
    });

    it('admits the rate and no more, says how long to wait, and reads as of each admission', async () => {
      const subject = accountWith(100, 4);
      const remaining: number[] = [];
      for (let i = 0; i < 4; i += 1) {
        const reserved = stores.meter.reserve(subject);
        if (!reserved.admitted) throw new Error('refused');
        const spent = await stores.meter.spend(subject, reserved.slot);
        remaining.push(spent.reading.rate.remaining, spent.reading.quota.remaining);
      }
      expect(remaining).toEqual([3, 99, 2, 98, 1, 97, 0, 96]);
      const refused = stores.meter.reserve(subject);
      expect(refused.admitted).toBe(false);
      if (!refused.admitted) expect(refused.waitMs).toBeGreaterThan(0);
      const reading = await stores.meter.read(subject);
      expect(reading?.rate).toMatchObject({ limit: 4, remaining: 0 });
      expect(reading?.rate.resetMs).toBeGreaterThan(0);
    });

    it('shows tools what was admitted, and the next process what was counted', async () => {
      const subject = accountWith(100_000);
      await calls([stores.meter], subject, 7);
      await expect.poll(() => usedOf(stores.usage, subject), { timeout: 3_000 }).toBe(7);
      await stores.usage.add([{ accountId: subject.id, period: '2020-01', used: 5 }]);
      expect(await usedOf(stores.usage, subject)).toBe(12);
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
    const [subject, slow] = [accountWith(100), accountWith(1_000, 5)];
    expect(tally(await calls([one.meter, two.meter], slow, 40))).toEqual({ granted: 5, rate: 35 });
    expect(tally(await calls([one.meter, two.meter], subject, 200))).toEqual({ granted: 100, quota: 100 });
  });
});

describe.skipIf(!hasRedis)('a Redis that cannot be used', () => {
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
    const backend = await openBackend(own.url, { role: 'tool', clock: createTestClock(), log });
    if (backend.kind === 'redis') await backend.client.set('{gateway}:schema', 99);
    await backend.close();
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
    await calls([source.meter], made, 7);
    await source.close();

    expect(await storeMain(['copy', '--from', url, '--to', own.url])).toBe(0);
    const target = await openStores(own.url, { role: 'tool', clock, log });
    expect(await target.keys.find(key.hash, NOW)).toMatchObject({ account: made, keyId: key.id });
    expect((await target.meter.read(made))?.quota).toEqual({ limit: 900, remaining: 893 });
    expect((await target.registry.audit()).values).toHaveLength(1);
    await target.close();
    expect(await storeMain(['copy', '--from', url, '--to', own.url])).toBe(1);
    await own.stop();
  });
});
