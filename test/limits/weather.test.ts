import { setTimeout as wait } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Account } from '../../src/domain/account.ts';
import { systemClock } from '../../src/domain/clock.ts';
import type { KeptMeter } from '../../src/limits/meter.ts';
import { openMeter, openUsage } from '../../src/limits/open-meter.ts';
import { periodOf } from '../../src/limits/period.ts';
import { ownKey, secondKey, totalsKey, USAGE_INDEX } from '../../src/limits/redis-keys.ts';
import type { RedisBackend, Role } from '../../src/store/backend.ts';
import { openBackend } from '../../src/store/open-backend.ts';
import { startFailover } from '../store/failover.ts';
import { hasRedis, type RedisServer, startRedis } from '../store/redis-server.ts';
import { startRelay } from '../store/relay.ts';
import { accountWith, call, callFor, calls, newId, tally, usedOf, type Verdict } from './spend.ts';

const log = { debug() {}, info() {}, warn() {}, error() {} };
const portOf = ({ url }: RedisServer) => Number(new URL(url).port);

interface Opened {
  readonly backend: RedisBackend;
  readonly meter: KeptMeter;
}

describe.skipIf(!hasRedis)('a meter over Redis', { timeout: 60_000 }, () => {
  let redis: RedisServer;
  let opened: Opened[];
  let ends: (() => unknown)[];
  beforeEach(async () => {
    opened = [];
    ends = [];
    redis = await startRedis();
  });
  afterEach(async () => {
    redis.resume();
    for (const { meter, backend } of opened) {
      await meter.close();
      await backend.close();
    }
    await redis.stop();
    for (const end of ends) await end();
  });

  const open = async (url = redis.url, role: Role = 'gateway'): Promise<Opened> => {
    const backend = await openBackend(url, { role, clock: systemClock, log });
    if (backend.kind !== 'redis') throw new Error('no Redis');
    const one = { backend, meter: openMeter(backend) };
    opened.push(one);
    return one;
  };

  /** Calls once in a while until one is granted; how long that took, ms. */
  const msUntilGranted = async (meter: KeptMeter): Promise<number> => {
    const startedAtMs = performance.now();
    const unseen = () => accountWith(1_000);
    while ((await call(meter, unseen())) !== 'granted') await wait(20);
    return performance.now() - startedAtMs;
  };

  it('keeps the second when the server hangs in it', async () => {
    const { meter } = await open();
    const subject = accountWith(50_000, 50);
    const healthy = tally(await calls([meter], subject, 30));
    redis.pause();
    const hung = tally(await calls([meter], subject, 70));
    expect(healthy).toEqual({ granted: 30 });
    expect(hung).toEqual({ granted: 20, rate: 50 });
  });

  it('keeps the second, and refuses nobody, when its own loop is busy', async () => {
    const { meter } = await open();
    const subject = accountWith(1_000, 50);
    await call(meter, accountWith(10));
    const verdicts = calls([meter], subject, 100);
    setImmediate(() => {
      const untilMs = performance.now() + 200;
      while (performance.now() < untilMs);
    });
    expect(tally(await verdicts)).toEqual({ granted: 50, rate: 50 });
    expect(tally(await calls([meter], subject, 100))).toEqual({ rate: 100 });
  });

  it('hung for 4 s: a grant for the known, 503 for the unknown, and all of it charged once', async () => {
    const { meter, backend } = await open();
    const [known, unknown] = [accountWith(1_850), accountWith(1_850)];
    expect(await call(meter, known)).toBe('granted');
    redis.pause();
    const first = await calls([meter], unknown, 20);
    expect(tally(first)).toEqual({ store_unavailable: 20 });
    const endMs = performance.now() + 4_000;
    const verdicts = await calls([meter], known, 45);
    await expect(backend.check(), 'calls may still be sent here').resolves.toBeUndefined();
    while (performance.now() < endMs) {
      verdicts.push(...(await calls([meter], known, 1)));
      await wait(200);
    }
    const seen = tally(verdicts);
    expect(seen.granted).toBe(3);
    expect(Object.keys(seen).sort()).toEqual(['granted', 'store_unavailable']);
    redis.resume();
    await expect.poll(() => call(meter, known), { timeout: 10_000 }).toBe('granted');
    await calls([meter], known, 45);
    const admitted = 1 + 3 + 1 + 45;
    await expect.poll(() => usedOf(openUsage(backend), known), { timeout: 5_000 }).toBe(admitted);
    expect(await usedOf(openUsage(backend), unknown), 'nothing refused is charged').toBe(0);
  });

  it('refunds in an outage leave the grant as it is, and are told after it', async () => {
    const { meter, backend } = await open();
    const subject = accountWith(50_000);
    const { charge } = await callFor(meter, subject);
    if (charge === null) throw new Error('refused');
    redis.pause();
    const served: Verdict[] = [];
    for (let i = 0; i < 100; i += 1) {
      const { verdict, charge: own } = await callFor(meter, subject);
      served.push(verdict);
      if (own !== null) meter.refund(own);
    }
    expect(tally(served)).toEqual({ granted: 100 });
    expect(await call(meter, subject)).toBe('store_unavailable');
    redis.resume();
    await expect.poll(() => usedOf(openUsage(backend), subject), { timeout: 10_000 }).toBe(1);
  });

  it('leaves a demoted primary for the new one behind the same name, and forgets nothing', async () => {
    const failover = await startFailover(redis);
    ends.push(failover.end);
    const { replica } = failover;
    const { meter, backend } = await open(failover.url);
    const subject = accountWith(100_000);
    expect(tally(await calls([meter], subject, 20))).toEqual({ granted: 20 });
    await failover.primary.wait(1, 5_000);
    await failover.demote();
    const period = periodOf(Date.now());
    await replica.del(totalsKey(subject.id, period), ownKey(subject.id, period), USAGE_INDEX);
    failover.pointOn();
    expect(await msUntilGranted(meter)).toBeLessThan(4_000);
    await expect.poll(() => usedOf(openUsage(backend), subject), { timeout: 10_000 }).toBe(20);
  });

  it('leaves a connection that has become a black hole', async () => {
    const relay = await startRelay(portOf(redis));
    ends.push(() => relay.close());
    const { meter } = await open(`redis://127.0.0.1:${relay.port}`);
    expect(await call(meter, accountWith(10))).toBe('granted');
    relay.swallow();
    expect(await msUntilGranted(meter)).toBeLessThan(5_000);
    expect(relay.made()).toBeGreaterThan(1);
  });

  it('says that it is not ready when the store has no memory left, and is again when it has', async () => {
    const { meter, backend } = await open();
    const admin = new Redis(redis.url);
    ends.push(() => admin.disconnect());
    await admin.config('SET', 'maxmemory', '1');
    await expect(backend.check()).rejects.toMatchObject({ code: 'store_unavailable' });
    await admin.config('SET', 'maxmemory', '0');
    await expect
      .poll(
        () =>
          backend.check().then(
            () => 'ready',
            () => 'full',
          ),
        { timeout: 5_000 },
      )
      .toBe('ready');
    await msUntilGranted(meter);
  });

  it('a store whose clock went back an hour locks nobody out', async () => {
    const { meter, backend } = await open();
    const subject = accountWith(100, 2);
    const inAnHourUs = (Date.now() + 3_600_000) * 1_000;
    await backend.client.zadd(secondKey(subject.id), inAnHourUs, 'x:1', inAnHourUs + 5, 'x:2');
    await backend.client.pexpire(secondKey(subject.id), 3_602_000);
    expect(await call(meter, subject), 'these may have been admitted just now').toBe('rate');
    await wait(1_050);
    expect(await call(meter, subject)).toBe('granted');
    expect(await backend.client.pttl(secondKey(subject.id))).toBeLessThanOrEqual(2_000);
  });

  it('sends one script a call, and one for all that wait together', async () => {
    // As a tool, which waits for long: a machine that is busy with other things sends nothing twice.
    const { meter, backend } = await open(redis.url, 'tool');
    const subject = accountWith(100_000);
    await call(meter, subject);
    await wait(50);
    await backend.client.config('RESETSTAT');
    for (let i = 0; i < 100; i += 1) await call(meter, subject);
    const counts = await commandCounts(backend);
    expect(counts.evalsha).toBe(100);
    expect(Object.keys(counts).filter((name) => !/config|evalsha|time|h|z|pexpire/.test(name))).toEqual([]);
    await backend.client.config('RESETSTAT');
    await calls([meter], subject, 400);
    expect((await commandCounts(backend)).evalsha).toBeLessThanOrEqual(2);
  });

  it('costs the same after one start of a gateway and after 10,000', async () => {
    const { meter } = await open(redis.url, 'tool');
    const [few, many] = [accountWith(1_000_000), accountWith(1_000_000)];
    const admin = new Redis(redis.url);
    ends.push(() => admin.disconnect());
    const pipeline = admin.pipeline();
    const own = ownKey(many.id, periodOf(Date.now()));
    for (let i = 0; i < 10_000; i += 1) pipeline.hset(own, `s:g${i}`, 5, `r:g${i}`, 1);
    await pipeline.exec();
    const cost = { few: Number.POSITIVE_INFINITY, many: Number.POSITIVE_INFINITY };
    // The best of several rounds in turn, as the machine may be busy with other things.
    for (let round = 0; round < 6; round += 1) {
      cost.few = Math.min(cost.few, await scriptUs(admin, () => callOften(meter, few)));
      cost.many = Math.min(cost.many, await scriptUs(admin, () => callOften(meter, many)));
    }
    expect(cost.many).toBeLessThan(4 * cost.few);
  });

  it('goes on with the months of the version before, which reads what this one writes', async () => {
    const { meter, backend } = await open();
    const subject = accountWith(100);
    const totals = totalsKey(subject.id, periodOf(Date.now()));
    await backend.client.hset(totals, { 's:01ab': 60, 'r:01ab': 5, 's:copied': 10 });
    expect((await meter.read(subject))?.quota.remaining).toBe(35);
    expect(tally(await calls([meter], subject, 30))).toEqual({ granted: 30 });
    // A gateway of that version beside us spends three: it sums what begins with `s` less all else.
    const fields = Object.entries(await backend.client.hgetall(totals));
    const asBefore = fields.reduce((sum, [name, n]) => sum + (name.startsWith('s') ? 1 : -1) * Number(n), 0);
    expect(asBefore).toBe(95);
    await backend.client.hincrby(totals, 's:01ab', 3);
    expect(tally(await calls([meter], subject, 10))).toEqual({ granted: 2, quota: 8 });
  });

  it('leaves its part in the totals when it stops, so that starts do not pile up', async () => {
    const { meter, backend } = await open();
    const subject = accountWith(100);
    await calls([meter], subject, 7);
    await meter.close();
    const period = periodOf(Date.now());
    expect(await backend.client.hgetall(ownKey(subject.id, period))).toEqual({});
    expect(await usedOf(openUsage(backend), subject)).toBe(7);
    const next = await open();
    expect((await next.meter.read(subject))?.quota.remaining).toBe(93);
  });

  it('closes the month by the server’s clock, whatever the gateway’s own says', async () => {
    const months = Date.now() + 70 * 86_400_000;
    const clock = { ...systemClock, now: () => months };
    const backend = await openBackend(redis.url, { role: 'gateway', clock, log });
    const meter = openMeter(backend);
    const { charge } = await callFor(meter, accountWith(10, 10, newId()));
    expect(charge?.period).toBe(periodOf(Date.now()));
    await meter.close();
    await backend.close();
  });
});

async function commandCounts({ client }: RedisBackend): Promise<Record<string, number>> {
  const stats = String(await client.info('commandstats'));
  return Object.fromEntries(
    [...stats.matchAll(/cmdstat_(\w+):calls=(\d+)/g)].map(([, name, n]) => [name, Number(n)]),
  );
}

const callOften = async (meter: KeptMeter, account: Account) => {
  for (let i = 0; i < 50; i += 1) await call(meter, account);
};

/** What a script takes on the server while `work` runs, µs. */
async function scriptUs(client: Redis, work: () => Promise<void>): Promise<number> {
  await client.config('RESETSTAT');
  await work();
  return Number(
    /cmdstat_evalsha:.*?usec_per_call=([\d.]+)/.exec(String(await client.info('commandstats')))?.[1],
  );
}
