import { execFileSync } from 'node:child_process';
import { connect, type Socket } from 'node:net';
import { startRedis } from '../test/store/redis-server.ts';
import type { Load } from './lab/load.ts';
import { PATHS, type Size } from './lab/pages.ts';
import { cpuUsOf, rssMbOf } from './lab/process.ts';
import { quantile, sliceOf, spreadOf } from './lab/rounds.ts';
import { fullGateway, loadOf, type Variant } from './lab/variants.ts';
import { createWorld, type Keyed, type World } from './lab/world.ts';

interface Row {
  readonly what: string;
  readonly measured: string;
  readonly promised: string;
}

/** What is promised of speed beside the ratios of `calls`: latencies, memory, bytes, the other store, a second gateway. */
export async function run(): Promise<void> {
  const world = await createWorld();
  try {
    const gateway = await world.gateway();
    for (const size of ['2 KB', '64 KB', '1 MB'] as const)
      await sliceOf(world, fullGateway('full', gateway, 'gzip'), size, size === '1 MB' ? 200 : 4_000);
    console.table([
      ...(await latencies(world, gateway)),
      await besideLargePages(world, gateway),
      await unchanged(world, gateway),
      ...(await stalled(world)),
      await longRun(world),
      ...(await otherStore(world, gateway)),
    ]);
  } finally {
    await world.close();
  }
}

/** What the way through the gateway, proxy and TLS adds to a call that a constant answer meets. */
async function latencies(world: World, gateway: Keyed): Promise<Row[]> {
  const full = fullGateway('full', gateway, 'gzip');
  const member = await world.peer('constant.ts', 'direct');
  const constant: Variant = { ...full, member, path: (size) => PATHS[size].upstream };
  const rows: Row[] = [];
  for (const [size, perSecond, mostMs] of [
    ['2 KB', 100, 5],
    ['64 KB', 100, 5],
    ['1 MB', 20, 12],
  ] as const) {
    const p99 = (variant: Variant) =>
      quietP99Of(world, { ...loadOf(variant, size, perSecond * 10), perSecond });
    const [direct, through] = [await p99(constant), await p99(full)];
    rows.push({
      what: `added p99 at ${perSecond} calls a second, ${size}`,
      measured: `${through.toFixed(1)} - ${direct.toFixed(1)} = ${(through - direct).toFixed(1)} ms`,
      promised: `≤ ${mostMs} ms`,
    });
  }
  return rows;
}

const p99Of = async (world: World, load: Load) => quantile((await world.load(load)).latenciesMs, 0.99);

/** Of three runs the one that was disturbed least: a neighbour on the machine shows in single calls. */
async function quietP99Of(world: World, load: Load): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let run = 0; run < 3; run += 1) least = Math.min(least, await p99Of(world, load));
  return least;
}

/** Small calls while someone pulls large pages, beside a gateway that parses them. */
async function besideLargePages(world: World, gateway: Keyed): Promise<Row> {
  const naive = await world.peer('naive.ts', 'proxy');
  const ours = (size: Size) => loadOf(fullGateway('full', gateway, 'gzip'), size, 1);
  const theirs = (size: Size): Load => ({
    ...ours(size),
    port: naive.port,
    path: PATHS[size].upstream,
  });
  const p99: number[] = [];
  for (const load of [theirs, ours]) {
    const large = world.load({ ...load('1 MB'), connections: 4, requests: 250, perSecond: 25 });
    p99.push(await p99Of(world, { ...load('2 KB'), connections: 16, requests: 1_000, perSecond: 100 }));
    await large;
  }
  const [naiveMs = 0, oursMs = 0] = p99;
  return {
    what: 'p99 of 2 KB while 25 pages of 1 MB a second are pulled, to that of naive',
    measured: `${oursMs.toFixed(1)} ÷ ${naiveMs.toFixed(1)} ms = ${(oursMs / naiveMs).toFixed(2)}`,
    promised: '≤ 0.4',
  };
}

/** What a page costs that the caller has already. */
async function unchanged(world: World, gateway: Keyed): Promise<Row> {
  const load = loadOf(fullGateway('full', gateway, 'gzip'), '64 KB', 1);
  const { headers } = await world.see(load);
  const again = { ...load, headers: { ...load.headers, 'if-none-match': String(headers.etag) } };
  const before = await bytesDown(world);
  const { status } = await world.see(again);
  return {
    what: `bytes through the proxy of an unchanged page of 64 KB (${status})`,
    measured: String((await bytesDown(world)) - before),
    promised: '≤ 1000',
  };
}

const bytesDown = ({ proxy }: World) =>
  new Promise<number>((resolve) => {
    proxy.child.once('message', (told: { bytesDown: number }) => resolve(told.bytesDown));
    proxy.child.send('told');
  });

/** Callers who ask for 1 MB and read none of it. */
async function stalled(world: World): Promise<Row[]> {
  const rows: Row[] = [];
  for (const [encoding, mostMb] of [
    ['gzip', 48],
    ['identity', 256],
  ] as const) {
    const gateway = await world.gateway({ env: { CONNECTIONS_PER_ADDRESS: '1000' } });
    const full = fullGateway('full', gateway, encoding);
    await sliceOf(world, full, '1 MB', 100);
    const before = rssMbOf(gateway.pid);
    const readers = await Promise.all(Array.from({ length: 200 }, () => silentReader(full)));
    let most = 0;
    for (let i = 0; i < 20; i += 1) {
      await new Promise((resolve) => setTimeout(resolve, 500));
      most = Math.max(most, rssMbOf(gateway.pid) - before);
    }
    for (const reader of readers) reader.destroy();
    rows.push({
      what: `200 stalled pages of 1 MB, ${encoding}: more RSS at most`,
      measured: `${most.toFixed(0)} MB`,
      promised: `≤ ${mostMb} MB`,
    });
  }
  return rows;
}

function silentReader({ member, path, headers }: Variant): Promise<Socket> {
  return new Promise((resolve) => {
    const socket = connect(member.port, '127.0.0.1', () => {
      const lines = Object.entries({ host: 'x', ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
      socket.pause().write(`GET ${path('1 MB')} HTTP/1.1\r\n${lines.join('')}\r\n`);
      resolve(socket);
    });
    socket.on('error', () => {});
  });
}

/** Memory after many calls, beside that after some. */
async function longRun(world: World): Promise<Row> {
  const full = fullGateway('full', await world.gateway(), 'gzip');
  const first = await sliceOf(world, full, '2 KB', 60_000);
  const last = await sliceOf(world, full, '2 KB', 100_000);
  return {
    what: 'RSS after 60,000 calls and after 100,000 more',
    measured: `${first.rssMb.toFixed(0)} and ${last.rssMb.toFixed(0)} MB`,
    promised: 'flat',
  };
}

/** The same call over Redis, and two gateways on it. */
async function otherStore(world: World, gateway: Keyed): Promise<Row[]> {
  const redis = await startRedis(['--appendonly', 'yes', '--appendfsync', 'everysec']);
  try {
    const [one, two] = [
      await world.gateway({ storeUrl: redis.url }),
      await world.gateway({ storeUrl: redis.url }),
    ];
    const sqlite = fullGateway('sqlite', gateway, 'gzip');
    const overRedis = fullGateway('redis', one, 'gzip');
    await sliceOf(world, overRedis, '2 KB', 8_000);
    const ratios: number[] = [];
    for (let round = 0; round < 9; round += 1) {
      const [a, b] = [
        await sliceOf(world, sqlite, '2 KB', 600),
        await sliceOf(world, overRedis, '2 KB', 600),
      ];
      ratios.push(b.cpuUs / a.cpuUs);
    }
    const second = fullGateway('second', two, 'gzip');
    await sliceOf(world, second, '2 KB', 8_000);
    const serverPid = redisPidOf(redis.url);
    const serverUsBefore = cpuUsOf(serverPid);
    const alone = await sliceOf(world, overRedis, '2 KB', 8_000);
    const serverUs = (cpuUsOf(serverPid) - serverUsBefore) / 8_000;
    const both = await Promise.all([overRedis, second].map((each) => sliceOf(world, each, '2 KB', 8_000)));
    const together = both.reduce((sum, { perSecond }) => sum + perSecond, 0);
    return [
      {
        what: 'a call over Redis ÷ over SQLite, CPU of the gateway',
        measured: spreadOf(ratios).median.toFixed(2),
        promised: '≤ 1.3',
      },
      {
        what: 'the same, CPU of the Redis server',
        measured: `${serverUs.toFixed(1)} µs`,
        promised: '≤ 40 µs',
      },
      {
        what: 'two gateways on one Redis ÷ one, calls a second; load, upstream and proxy on the same cores',
        measured: `${together.toFixed(0)} ÷ ${alone.perSecond.toFixed(0)} = ${(together / alone.perSecond).toFixed(2)}`,
        promised: 'told',
      },
    ];
  } finally {
    await redis.stop();
  }
}

function redisPidOf(url: string): number {
  const told = execFileSync('redis-cli', ['-u', url, 'info', 'server'], { encoding: 'utf8' });
  return Number(/^process_id:(\d+)/m.exec(told)?.[1]);
}
