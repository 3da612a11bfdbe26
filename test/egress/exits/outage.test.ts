import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/domain/clock.ts';
import type { Failure } from '../../../src/domain/failure.ts';
import { silentTelemetry } from '../../../src/domain/telemetry.ts';
import { createRedisBudgetStore } from '../../../src/egress/exits/budget-store-redis.ts';
import { createPool } from '../../../src/egress/exits/pool.ts';
import type { Pool } from '../../../src/egress/exits/port.ts';
import { openBackend } from '../../../src/store/open-backend.ts';
import { startFailover } from '../../store/failover.ts';
import { hasRedis, type RedisServer, startRedis } from '../../store/redis-server.ts';
import { startRelay } from '../../store/relay.ts';
import { answered, fakeSource } from './world.ts';

const quiet = { debug() {}, info() {}, warn() {}, error() {} };
const EXITS = ['a', 'b'];
const LIMIT = 20;
/** Calls of all exits that may go out in the hour, whoever makes them. */
const WHOLE = EXITS.length * LIMIT;
/** Calls that a gateway may hold leased at once. */
const LEASED = EXITS.length * 5;
const portOf = ({ url }: RedisServer) => Number(new URL(url).port);

interface Gateway {
  readonly pool: Pool;
  /** One call: whether it went out; else with what code it was refused, and how long that took. */
  call(): Promise<{ readonly code: string; readonly tookMs: number }>;
}

/** The budgets of exits over a Redis that hangs, is demoted, or vanishes. */
describe.skipIf(!hasRedis)('while Redis is away', { timeout: 60_000 }, () => {
  let redis: RedisServer;
  let ends: (() => unknown)[];
  beforeEach(async () => {
    redis = await startRedis();
    ends = [];
  });
  afterEach(async () => {
    redis.resume();
    for (const end of ends.reverse()) await end();
    await redis.stop();
  });

  const start = async (url = redis.url): Promise<Gateway> => {
    const backend = await openBackend(url, { role: 'gateway', clock: systemClock, log: quiet });
    if (backend.kind !== 'redis') throw new Error('no Redis');
    const pool = createPool({
      origin: 'https://api.bitbucket.org',
      sources: EXITS.map((id) => fakeSource(id)),
      sessions: 4,
      sessionLifetimeMs: 540_000,
      hourlyBudget: LIMIT,
      hourlyCeiling: null,
      budgets: createRedisBudgetStore(backend),
      random: Math.random,
      clock: systemClock,
      log: quiet,
      telemetry: silentTelemetry,
    });
    await pool.ready();
    ends.push(
      () => backend.close(),
      () => pool.close(),
    );
    const call = async () => {
      const startedAtMs = performance.now();
      const code = await pool.reserve({ accountId: 'account', weight: 1 }, []).then(
        (held) => {
          held.settle(answered());
          return 'sent';
        },
        (failure: Failure) => failure.code,
      );
      return { code, tookMs: performance.now() - startedAtMs };
    };
    return { pool, call };
  };

  const callMany = async ({ call }: Gateway, count: number) => {
    const codes: string[] = [];
    for (let i = 0; i < count; i += 1) codes.push((await call()).code);
    return codes;
  };
  const sentOf = (codes: readonly string[]) => codes.filter((code) => code === 'sent').length;

  /** Of calls made while the store is away `most` went out, and the others were told why not. */
  const expectLeasesAlone = (codes: readonly string[], most: number) => {
    expect(['store_unavailable', 'sent,store_unavailable']).toContain([...new Set(codes)].sort().join());
    expect(sentOf(codes)).toBeLessThanOrEqual(most);
  };

  /** Calls once in a while until one goes out; how long that took, ms. */
  const msUntilSent = async ({ call }: Gateway) => {
    const startedAtMs = performance.now();
    while ((await call()).code !== 'sent') await wait(20);
    return performance.now() - startedAtMs;
  };

  /** How many of `most` calls went out, on a machine that may be busy with other things. */
  const sentWithPatience = async (gateways: readonly Gateway[], most: number) => {
    let sent = 0;
    for (let tries = 0; sent < most && tries < 200; tries += 1) {
      for (const gateway of gateways) {
        const [code] = await callMany(gateway, 1);
        if (code === 'sent') sent += 1;
        else await wait(60);
      }
    }
    return sent;
  };

  it('four seconds of silence: what is leased goes on, nothing else; then the hour is shared as before', async () => {
    const gateways = [await start(), await start()];
    let sent = 0;
    for (const gateway of gateways) sent += sentOf(await callMany(gateway, 2));
    expect(sent).toBe(4);

    redis.pause();
    const outage: { readonly code: string; readonly tookMs: number }[] = [];
    const pausedAtMs = performance.now();
    while (performance.now() - pausedAtMs < 4_000) {
      for (const gateway of gateways) outage.push(await gateway.call());
      await wait(50);
    }
    redis.resume();
    const codes = outage.map(({ code }) => code);
    expectLeasesAlone(codes, gateways.length * LEASED - sent);
    expect(codes.lastIndexOf('sent')).toBeLessThan(codes.length / 2);
    expect(
      outage.map(({ tookMs }) => tookMs).sort((a, b) => a - b)[Math.floor(outage.length / 2)],
    ).toBeLessThan(50);
    sent += sentOf(codes);

    for (const gateway of gateways) expect(await msUntilSent(gateway)).toBeLessThan(4_000);
    sent += gateways.length;
    sent += await sentWithPatience(gateways, WHOLE - sent);
    expect(sent).toBe(WHOLE);
    for (const gateway of gateways)
      expect(new Set(await callMany(gateway, 5))).toEqual(new Set(['exits_exhausted']));
  });

  it('a gateway that died with leases and calls under way is not forgotten, nor by a server that was killed', async () => {
    const dead = await start();
    for (let i = 0; i < 6; i += 1) await dead.pool.reserve({ accountId: 'account', weight: 1 }, []);
    await redis.kill();
    await redis.restart();
    const next = await start();
    const left = next.pool.snapshot().reduce((sum, exit) => sum + exit.left, 0);
    expect(left).toBeLessThanOrEqual(WHOLE - 6);
    expect(left).toBeGreaterThanOrEqual(WHOLE - 3 * LEASED);
    expect(await sentWithPatience([next], left)).toBe(left);
    expect(new Set(await callMany(next, 5))).toEqual(new Set(['exits_exhausted']));
  });

  it('a demoted primary grants nothing, and the new one behind the same name knows what was spent', async () => {
    const failover = await startFailover(redis);
    ends.push(failover.end);
    const gateway = await start(failover.url);
    let sent = sentOf(await callMany(gateway, 12));
    expect(sent).toBe(12);
    await failover.primary.wait(1, 5_000);
    await failover.demote();

    const demoted = await callMany(gateway, 30);
    expectLeasesAlone(demoted, LEASED);
    failover.pointOn();
    expect(await msUntilSent(gateway)).toBeLessThan(4_000);
    sent += sentOf(demoted) + 1;
    for (let tries = 0; sent < WHOLE && tries < 200; tries += 1) {
      sent += sentOf(await callMany(gateway, 1));
      await wait(60);
    }
    expect(sent).toBe(WHOLE);
    expect(await callMany(gateway, 2)).toEqual(['exits_exhausted', 'exits_exhausted']);
  });

  it('a black hole: the leases alone, then a new connection', async () => {
    const relay = await startRelay(portOf(redis));
    ends.push(() => relay.close());
    const gateway = await start(`redis://127.0.0.1:${relay.port}`);
    let sent = sentOf(await callMany(gateway, 2));
    relay.swallow();
    const codes = await callMany(gateway, 20);
    expectLeasesAlone(codes, LEASED - sent);
    sent += sentOf(codes);
    expect(await msUntilSent(gateway)).toBeLessThan(5_000);
    expect(relay.made()).toBeGreaterThan(1);
    const rest = sentOf(await callMany(await start(), WHOLE));
    expect(sent + 1 + rest).toBeLessThanOrEqual(WHOLE);
  });
});
