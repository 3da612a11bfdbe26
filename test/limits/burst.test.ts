import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { setTimeout as wait } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/domain/clock.ts';
import { openUsage } from '../../src/limits/open-meter.ts';
import { openBackend } from '../../src/store/open-backend.ts';
import { hasRedis, type RedisServer, startRedis } from '../store/redis-server.ts';
import { accountWith, newId, type Verdict } from './spend.ts';

const MONTH = 600;
/** A store that is silent for 50 ms is away; some of that is on its way here. */
const AWAY_MS = 40;
const log = { debug() {}, info() {}, warn() {}, error() {} };
type Tally = Partial<Record<Verdict, number>>;

interface GatewayProcess {
  readonly child: ChildProcessByStdio<Writable, Readable, null>;
  /** That many calls of an account at once, `bursts` times. */
  burst(id: string, times: number): Promise<Tally>;
  stop(): Promise<void>;
}

async function startProcess(url: string): Promise<GatewayProcess> {
  const program = join(import.meta.dirname, 'gateway-process.ts');
  const child = spawn(process.execPath, [program, url], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  await lines.next();
  return {
    child,
    burst: async (id, times) => {
      child.stdin.write(`${id} ${MONTH} ${times}\n`);
      return JSON.parse(String((await lines.next()).value)) as Tally;
    },
    stop: async () => {
      const gone = once(child, 'exit');
      child.stdin.end();
      await gone;
    },
  };
}

/** Stops the loop of one or the other for 100 ms, until `isOver`. */
async function stopAtRandom(processes: readonly GatewayProcess[], isOver: () => boolean): Promise<void> {
  while (!isOver()) {
    const { child } = processes[Math.floor(Math.random() * processes.length)] as GatewayProcess;
    child.kill('SIGSTOP');
    await wait(100);
    child.kill('SIGCONT');
    await wait(Math.random() * 30);
  }
}

/** How long Redis let someone else wait at most until `isOver`, ms: on a busy machine it may not run at all for a while. */
async function longestSilence(url: string, isOver: () => boolean): Promise<number> {
  const client = new Redis(url);
  let longestMs = 0;
  while (!isOver()) {
    const askedAtMs = performance.now();
    await client.ping();
    longestMs = Math.max(longestMs, performance.now() - askedAtMs);
    await wait(2);
  }
  client.disconnect();
  return longestMs;
}

describe.skipIf(!hasRedis)(
  'two gateways whose loops are stopped for 100 ms at random',
  { timeout: 120_000 },
  () => {
    let redis: RedisServer;
    beforeAll(async () => {
      redis = await startRedis();
    });
    afterAll(() => redis?.stop());

    it.each([1, 2])(
      'serve exactly the month, and nothing but 200 and 429, in the first burst too (%i)',
      async () => {
        const processes = await Promise.all([startProcess(redis.url), startProcess(redis.url)]);
        let clean = 0;
        for (let run = 0; run < 12 && clean < 3; run += 1) {
          const id = newId();
          let isOver = false;
          const stopping = stopAtRandom(processes, () => isOver);
          const silence = longestSilence(redis.url, () => isOver);
          const seen = await Promise.all(
            processes.map(async ({ burst }) => [await burst(id, 400), await burst(id, 400)]),
          );
          isOver = true;
          await stopping;
          const total: Tally = {};
          for (const tally of seen.flat())
            for (const [verdict, n] of Object.entries(tally) as [Verdict, number][])
              total[verdict] = (total[verdict] ?? 0) + n;
          const used = await usedIn(id);
          if ((await silence) > AWAY_MS && total.store_unavailable !== undefined) {
            // It was away, as its neighbours took the machine; what was promised of that is tested in weather.test.
            expect(used).toBeLessThanOrEqual(MONTH + 2);
            continue;
          }
          clean += 1;
          expect(total).toEqual({ granted: MONTH, quota: 4 * 400 - MONTH });
          expect(used).toBe(MONTH);
        }
        expect(clean).toBeGreaterThan(0);
        for (const one of processes) await one.stop();
      },
    );

    async function usedIn(id: string): Promise<number> {
      const backend = await openBackend(redis.url, { role: 'look', clock: systemClock, log });
      const rows = await openUsage(backend).list();
      await backend.close();
      return rows.find(({ accountId }) => accountId === accountWith(1, 1, id).id)?.used ?? 0;
    }
  },
);
