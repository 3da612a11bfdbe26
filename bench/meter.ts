import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { systemClock } from '../src/domain/clock.ts';
import type { LimitReading, Meter } from '../src/limits/meter.ts';
import { periodOf } from '../src/limits/period.ts';
import { openStores, type Stores } from '../src/open-stores.ts';
import { createGateway } from '../test/gateway.ts';
import { accountWith, calls, tally } from '../test/limits/spend.ts';
import { type RedisServer, startRedis } from '../test/store/redis-server.ts';

const log = { debug() {}, info() {}, warn() {}, error() {} };
const folder = mkdtempSync(join(tmpdir(), 'meter-'));
const worker = join(import.meta.dirname, 'meter-worker.ts');
const open = (url: string) => openStores(url, { role: 'tool', clock: systemClock, log });
/** A process that spends `calls`; killed after `killAfterMs` when that is given. How many it told were admitted. */
function spend(url: string, id: string, quota: number, calls: number, killAfterMs?: number): Promise<number> {
  const child = spawn(process.execPath, [worker, url, id, String(quota), String(calls)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let told = '';
  let timer: NodeJS.Timeout | undefined;
  child.stdout.on('data', (chunk) => {
    if (told === '' && killAfterMs !== undefined)
      timer = setTimeout(() => child.kill('SIGKILL'), killAfterMs);
    told += chunk;
  });
  return new Promise((resolve) => {
    child.once('close', () => {
      clearTimeout(timer);
      resolve(Number(told.trim().split('\n').at(-1) || 0));
    });
  });
}

async function using<Result>(url: string, work: (stores: Stores) => Promise<Result>): Promise<Result> {
  const stores = await open(url);
  try {
    return await work(stores);
  } finally {
    await stores.close();
  }
}

const usedOf = (url: string, id: string) =>
  using(url, async ({ usage }) => (await usage.list()).find(({ accountId }) => accountId === id)?.used ?? 0);

async function exactness(sqlite: string, redis: string) {
  const one = await spend(sqlite, 'one', 5_000, 10_000);
  const three = await Promise.all([1, 2, 3].map(() => spend(redis, 'three', 5_000, 3_400)));
  return [
    { what: '10,000 calls, quota 5,000, one process on SQLite', admitted: one },
    {
      what: '10,200 calls, quota 5,000, three processes on Redis',
      admitted: three.reduce((sum, part) => sum + part, 0),
    },
  ];
}

async function million(url: string, kind: string, wanted: number) {
  return using(url, async ({ meter }) => {
    const account = accountWith(wanted - 1, 1_000_000, 'million');
    const cpu = process.cpuUsage();
    let admitted = 0;
    for (let done = 0; done < wanted; done += 1_000)
      admitted += tally(await calls([meter], account, 1_000)).granted ?? 0;
    const { user, system } = process.cpuUsage(cpu);
    const cpuUs = ((user + system) / wanted).toFixed(2);
    return { kind, calls: wanted, quota: wanted - 1, admitted, 'µs CPU a call': cpuUs };
  });
}

/** What one step of one call takes of the server, 20 in flight, by how many accounts and gateway starts it has seen. */
async function serverCost(url: string) {
  const admin = new Redis(url);
  const period = periodOf(Date.now());
  const cpuUs = async () =>
    1e6 *
    [...(await admin.info('cpu')).matchAll(/used_cpu_(?:sys|user):([\d.]+)/g)].reduce(
      (sum, [, s]) => sum + Number(s),
      0,
    );
  const rows = [];
  // Accounts that are known, those of them who call in these seconds, and gateways that were killed.
  for (const [accounts, active, starts] of [
    [10, 10, 1],
    [10_000, 10, 1],
    [1_000_000, 10, 1],
    [10_000, 10_000, 1],
    [1_000_000, 10_000, 1],
    [10, 10, 10_000],
  ] as const) {
    const name = `cost-${accounts}-${active}-${starts}`;
    for (let from = 0; from < accounts; from += 50_000)
      await admin.eval(
        SEEN,
        0,
        name,
        period,
        from,
        Math.min(accounts, from + 50_000) - 1,
        accounts === 10 ? starts : 1,
      );
    rows.push(
      await using(url, async ({ meter }) => {
        const costs: number[] = [];
        for (let round = 0; round < 5; round += 1) {
          const before = await cpuUs();
          let asked = 0;
          const one = async () => {
            while (asked < 10_000) {
              asked += 1;
              const id = `${name}-${Math.floor(Math.random() * active) * (accounts / active)}`;
              await calls([meter], accountWith(1_000_000, 1_000_000, id), 1);
            }
          };
          await Promise.all(Array.from({ length: 20 }, one));
          costs.push(((await cpuUs()) - before) / 10_000);
        }
        return { accounts, active, starts, 'µs CPU of the server a call': median(costs).toFixed(1) };
      }),
    );
  }
  admin.disconnect();
  return rows;
}

/** Months as they stand after some calls, and the counts of gateways that were killed. */
const SEEN = `
  for i = tonumber(ARGV[3]), tonumber(ARGV[4]) do
    local account = '{' .. ARGV[1] .. '-' .. i .. '}:' .. ARGV[2]
    redis.call('HSET', 'gateway:usage:' .. account, 's:total', 5, 'r:total', 1)
    for start = 1, tonumber(ARGV[5]) do redis.call('HSET', 'gateway:own:' .. account, 's:' .. start, 5, 'r:' .. start, 1) end
  end`;

const median = (values: number[]) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

/** Twenty processes, each killed in the middle of its work. */
async function crashes(url: string, kind: string) {
  const quota = 50_000_000;
  let told = 0;
  for (let round = 0; round < 20; round += 1)
    told += await spend(url, 'crash', quota, 200_000, 30 + round * 3);
  const counted = await usedOf(url, 'crash');
  return {
    kind,
    told,
    counted,
    'over-count': counted - told,
    'allowed, 20 × (lease + one untold line)': 20 * 200,
  };
}

/** Bursts around every boundary of the server's second, from two gateways. */
async function edges(url: string, limit: number, seconds: number) {
  const [one, two] = [await open(url), await open(url)];
  const admitted: number[] = [];
  const endMs = Date.now() + seconds * 1_000;
  while (Date.now() < endMs) {
    const toBoundary = 1_000 - (Date.now() % 1_000);
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, toBoundary - 15)));
    for (let burst = 0; burst < 6; burst += 1) {
      const sentAtMs = performance.now();
      const account = accountWith(1_000_000_000, limit, `edge-${limit}`);
      const verdicts = await calls([one.meter, two.meter], account, 2 * limit);
      const doneAtMs = performance.now();
      // The moment lies between the two; the later one makes the check harder only by the time of one command.
      for (const verdict of verdicts) if (verdict === 'granted') admitted.push((sentAtMs + doneAtMs) / 2);
      await new Promise((resolve) => setTimeout(resolve, 3));
    }
  }
  let above = 0;
  for (const [i, time] of admitted.entries())
    if ((admitted[i + limit] ?? Number.POSITIVE_INFINITY) - time < 990) above += 1;
  await one.close();
  await two.close();
  return { rate: limit, seconds, admitted: admitted.length, 'seconds above the plan': above };
}

/** The same calls with and without the gates of the second and the month, in one run. */
async function share() {
  const gateway = await createGateway();
  const cpuOf = async (calls: number) => {
    const cpu = process.cpuUsage();
    for (let i = 0; i < calls; i += 20) {
      await Promise.all(Array.from({ length: 20 }, () => gateway.get('/v1/repo/branches?repo=acme/big')));
    }
    const { user, system } = process.cpuUsage(cpu);
    return (user + system) / calls;
  };
  const { meter } = gateway.stores;
  const real = { ...meter };
  const nothing: LimitReading = {
    rate: { limit: 1, remaining: 1, resetMs: 0 },
    quota: { limit: 1, remaining: 1 },
    atMs: Date.now(),
  };
  const metered = () => Object.assign(meter, real);
  const free = () =>
    Object.assign(meter, {
      reserve: () => ({ admitted: true, slot: { accountId: '' } }),
      spend: async () => ({ granted: true, charge: { accountId: '', period: '' }, reading: nothing }),
      read: async () => nothing,
    } satisfies Partial<Meter>);
  await cpuOf(1_000);
  const withMeter: number[] = [];
  const without: number[] = [];
  for (let round = 0; round < 5; round += 1) {
    metered();
    withMeter.push(await cpuOf(600));
    free();
    without.push(await cpuOf(600));
  }
  await gateway.close();
  const [a, b] = [median(withMeter), median(without)];
  return {
    'µs CPU a call': a.toFixed(0),
    'without metering': b.toFixed(0),
    'share of metering %': ((1 - b / a) * 100).toFixed(1),
  };
}

export async function run(): Promise<void> {
  const redis: RedisServer = await startRedis(['--appendonly', 'yes', '--appendfsync', 'everysec']);
  const sqlite = `sqlite:${join(folder, 'meter.db')}`;
  try {
    console.table(await exactness(sqlite, redis.url));
    console.table([await million(sqlite, 'sqlite', 1_000_000), await million(redis.url, 'redis', 200_000)]);
    console.log('kill -9 in the middle of load, 20 times');
    console.table([await crashes(sqlite, 'sqlite'), await crashes(redis.url, 'redis')]);
    console.log('a step on the Redis server');
    console.table(await serverCost(redis.url));
    console.log('the edge attack, two gateways on Redis');
    console.table([await edges(redis.url, 2, 60), await edges(redis.url, 50, 60)]);
    console.log('a page of 30 branches through the gateway, SQLite');
    console.table([await share()]);
  } finally {
    await redis.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}
