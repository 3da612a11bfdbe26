import { setDefaultCACertificates } from 'node:tls';
import { Agent, request } from 'undici';
import { unboundedHold } from '../src/domain/bytes-in-flight.ts';
import { systemClock } from '../src/domain/clock.ts';
import { Failure } from '../src/domain/failure.ts';
import { Spares } from '../src/domain/spares.ts';
import { silentTelemetry } from '../src/domain/telemetry.ts';
import { NO_TERMS } from '../src/domain/traffic.ts';
import { type Bitbucket, createBitbucket } from '../src/egress/bitbucket.ts';
import { createMemoryBudgetStore } from '../src/egress/exits/budget-store-memory.ts';
import { createPool } from '../src/egress/exits/pool.ts';
import type { Exit } from '../src/egress/exits/port.ts';
import type { Source } from '../src/egress/sources/source.ts';
import { createCertificate } from '../test/bitbucket/certificate.ts';
import { type ConnectProxy, createConnectProxy, type ProxyOptions } from '../test/bitbucket/connect-proxy.ts';
import { createStandIn, type StandIn } from '../test/bitbucket/stand-in.ts';
import { exitsOf } from '../test/exits.ts';

const certificate = createCertificate();
const TARGET = '/repositories/acme/slash-main';
const quiet = { debug() {}, info() {}, warn() {}, error() {} };

interface Mix {
  readonly dead: number;
  readonly slow: number;
  readonly locked: number;
  readonly spent: number;
}

/** `exits` proxies, each leaving from an address of its own, with `mix` bad ones among them. */
async function createProxies(exits: number, mix: Mix): Promise<ConnectProxy[]> {
  const faults: ProxyOptions[] = [
    ...Array.from({ length: mix.dead }, () => ({ fault: 'close at once' as const })),
    ...Array.from({ length: mix.slow }, () => ({ delayMs: 2_000 })),
    ...Array.from({ length: mix.locked }, () => ({ fault: { status: 407 } })),
  ];
  return Promise.all(
    Array.from({ length: exits }, (_, i) =>
      createConnectProxy({ leavesFrom: () => `127.8.0.${i + 1}`, ...faults[i] }),
    ),
  );
}

function createUpstream(
  standIn: StandIn,
  list: string,
  more: { hourlyBudget?: number; sessions?: number } = {},
): Bitbucket {
  return createBitbucket({
    upstreamUrl: standIn.url,
    sources: exitsOf(list),
    sessions: 16,
    sessionLifetimeMs: 540_000,
    hourlyBudget: 60,
    hourlyCeiling: null,
    telemetry: silentTelemetry,
    random: Math.random,
    budgets: createMemoryBudgetStore(systemClock),
    clock: systemClock,
    log: quiet,
    ...more,
  });
}

type Get = (i: number, accountId: string, weight: number) => Promise<void>;

const getOf =
  (upstream: Bitbucket): Get =>
  async (i, accountId, weight) => {
    const call = {
      accountId,
      weight,
      deadlineAtMs: performance.now() + 15_000,
      hangUp: new AbortController().signal,
      requestId: String(i),
      attempts: [],
      spares: new Spares(),
      room: unboundedHold,
    };
    await upstream.get({ target: TARGET, read: (answer) => answer }, call);
  };

interface Result {
  readonly success: number;
  readonly p50: number;
  readonly p99: number;
}

/** `calls` at `perSecond`, open loop: a slow answer does not hold back the next call. */
async function load(get: Get, calls: number, perSecond: number): Promise<Result> {
  const latencies: number[] = [];
  const startedAtMs = performance.now();
  const running: Promise<void>[] = [];
  for (let i = 0; i < calls; i += 1) {
    const waitMs = startedAtMs + (i * 1_000) / perSecond - performance.now();
    if (waitMs > 1) await new Promise((resolve) => setTimeout(resolve, waitMs));
    const sentAtMs = performance.now();
    const call = get(i, 'a', 1);
    running.push(
      call.then(
        () => void latencies.push(performance.now() - sentAtMs),
        () => {},
      ),
    );
  }
  await Promise.all(running);
  latencies.sort((a, b) => a - b);
  const at = (part: number) => Math.round(latencies[Math.floor((latencies.length - 1) * part)] ?? 0);
  return { success: latencies.length / calls, p50: at(0.5), p99: at(0.99) };
}

/** What most people write: the next proxy each time, no memory, no retry. */
function naive(standIn: StandIn, proxies: readonly ConnectProxy[]): Get {
  const agents = proxies.map(({ url }) => {
    const connect = exitsOf(url)[0]?.mint().connect;
    return new Agent({ ...(connect && { connect }), allowH2: false });
  });
  return async (i) => {
    const dispatcher = agents[i % agents.length];
    if (dispatcher === undefined) return;
    const { statusCode, body } = await request(standIn.url + TARGET, { dispatcher });
    await body.dump();
    if (statusCode !== 200) throw new Error(String(statusCode));
  };
}

const HEALTHY: Mix = { dead: 0, slow: 0, locked: 0, spent: 0 };
const SEVENTEEN: Mix = { dead: 10, slow: 5, locked: 1, spent: 1 };
const FORTY: Mix = { dead: 30, slow: 8, locked: 1, spent: 1 };

async function crowd(
  name: string,
  mix: Mix,
  make: (standIn: StandIn, proxies: ConnectProxy[]) => { get: Get; upstream?: Bitbucket },
) {
  const standIn = await createStandIn({ certificate });
  const proxies = await createProxies(100, mix);
  const spent = proxies.at(-1);
  if (mix.spent > 0 && spent !== undefined) {
    const upstream = createUpstream(standIn, spent.url);
    for (let i = 0; i < 60; i += 1) await getOf(upstream)(i, 'before', 1);
    await upstream.close();
  }
  const before = standIn.requests.length;
  const { get, upstream } = make(standIn, proxies);
  await upstream?.ready();
  const result = await load(get, 2_000, 50);
  const seen = standIn.requests.slice(before);
  const accepted = new Map<string, number>();
  for (const { address, status } of standIn.requests)
    if (status === 200) accepted.set(address, (accepted.get(address) ?? 0) + 1);
  const row = {
    pool: name,
    'success %': (result.success * 100).toFixed(2),
    'p50 ms': result.p50,
    'p99 ms': result.p99,
    'extra calls %': ((seen.length / 2_000 - 1) * 100).toFixed(1),
    '429 %': ((seen.filter(({ status }) => status === 429).length / 2_000) * 100).toFixed(2),
    'most per address': Math.max(...accepted.values()),
  };
  await upstream?.close();
  for (const proxy of proxies) await proxy.close();
  await standIn.close();
  return row;
}

/** A new address for each tunnel: as many calls a tunnel as its budget. */
async function rotating() {
  const standIn = await createStandIn({ certificate, hourlyBudget: 20 });
  let tunnels = 0;
  const gate = await createConnectProxy({
    leavesFrom: () => {
      tunnels += 1;
      return `127.7.${Math.floor(tunnels / 250)}.${(tunnels % 250) + 1}`;
    },
  });
  const upstream = createUpstream(standIn, `rotating+${gate.url}`, { hourlyBudget: 20 });
  const { success } = await load(getOf(upstream), 2_000, 100);
  await upstream.close();
  await gate.close();
  await standIn.close();
  return {
    'success %': success * 100,
    tunnels: gate.connects,
    'calls a tunnel': (2_000 / gate.connects).toFixed(1),
  };
}

/** 16 exits with 960 calls an hour; a free caller takes all it can, two pro callers a third of their rate. */
async function fairness() {
  const standIn = await createStandIn({ certificate });
  const proxies = await createProxies(16, HEALTHY);
  const upstream = createUpstream(standIn, proxies.map(({ url }) => url).join(' '));
  const get = getOf(upstream);
  const tally: Record<string, { served: number; refused: number }> = {};
  const call = async (i: number, account: string, weight: number) => {
    const own = tally[account] ?? { served: 0, refused: 0 };
    tally[account] = own;
    await get(i, account, weight).then(
      () => {
        own.served += 1;
      },
      (error) => {
        if (!(error instanceof Failure)) throw error;
        own.refused += 1;
      },
    );
  };
  for (let second = 0; second < 60; second += 1) {
    const calls = [0, 1].map((i) => call(i, 'free', 2));
    for (let i = 0; i < 7; i += 1) calls.push(call(i, 'pro one', 20), call(i, 'pro two', 20));
    await Promise.all(calls);
  }
  await upstream.close();
  for (const proxy of proxies) await proxy.close();
  await standIn.close();
  return Object.entries(tally).map(([account, counts]) => ({ account, ...counts }));
}

/** What the proxy charges for, against what had to come: 500 pages of 100 branches. */
async function bytes() {
  const standIn = await createStandIn({ certificate, hourlyBudget: 1_000_000 });
  const proxy = await createConnectProxy();
  const upstream = createUpstream(standIn, proxy.url, { hourlyBudget: 1_000_000 });
  const signal = new AbortController().signal;
  for (let i = 0; i < 500; i += 1) {
    const call = {
      accountId: 'a',
      weight: 1,
      deadlineAtMs: performance.now() + 15_000,
      hangUp: signal,
      requestId: String(i),
      attempts: [],
      spares: new Spares(),
      room: unboundedHold,
    };
    await upstream.get(
      { target: '/repositories/acme/big/refs/branches?pagelen=100', read: (answer) => answer },
      call,
    );
  }
  const row = {
    'compressed bodies MB': (standIn.bodyBytes() / 1e6).toFixed(2),
    'through the proxy MB': (proxy.bytesDown / 1e6).toFixed(2),
    ratio: (proxy.bytesDown / standIn.bodyBytes()).toFixed(3),
  };
  await upstream.close();
  await proxy.close();
  await standIn.close();
  return row;
}

/** 10,000 calls through one kept tunnel or a few: what stays behind, and what the proxy charges for. */
async function soak() {
  const standIn = await createStandIn({ certificate, hourlyBudget: 1_000_000 });
  const proxy = await createConnectProxy();
  const upstream = createUpstream(standIn, proxy.url, { hourlyBudget: 1_000_000 });
  const get = getOf(upstream);
  const batch = async (calls: number) => {
    for (let i = 0; i < calls; i += 20) await Promise.all(Array.from({ length: 20 }, () => get(i, 'a', 1)));
    globalThis.gc?.();
    return { heap: process.memoryUsage().heapUsed / 1e6, sockets: proxy.open() };
  };
  const early = await batch(2_000);
  standIn.requests.length = 0;
  const late = await batch(8_000);
  await upstream.close();
  await proxy.close();
  await standIn.close();
  return {
    'heap MB after 2,000': early.heap.toFixed(1),
    'after 10,000': late.heap.toFixed(1),
    'sockets after 2,000': early.sockets,
    'sockets after 10,000': late.sockets,
  };
}

/** What choosing and settling costs, without a socket: CPU of the process. */
async function choices(exits: number) {
  const source = (id: string): Source => ({
    id,
    label: id,
    many: false,
    ejectable: true,
    hourlyBudget: 1_000_000,
    credential: null,
    terms: NO_TERMS,
    mint: () => ({ id, label: id, session: null, kept: false, oneTunnel: false, connect: () => {} }),
  });
  const pool = createPool({
    origin: 'https://api.bitbucket.org',
    sources: Array.from({ length: exits }, (_, i) => source(`exit-${i}`)),
    sessions: 16,
    sessionLifetimeMs: 540_000,
    hourlyBudget: 60,
    hourlyCeiling: null,
    budgets: createMemoryBudgetStore(systemClock),
    clock: systemClock,
    log: quiet,
    telemetry: silentTelemetry,
    random: Math.random,
  });
  const avoid: Exit[] = [];
  const round = async (calls: number) => {
    const before = process.cpuUsage();
    for (let i = 0; i < calls; i += 1) {
      const held = await pool.reserve({ accountId: 'a', weight: 1 }, avoid);
      held.settle({ kind: 'answered', status: 200, headers: {}, latencyMs: 50 });
    }
    const { user, system } = process.cpuUsage(before);
    return (user + system) / calls;
  };
  await round(20_000);
  const rounds = [];
  for (let i = 0; i < 7; i += 1) rounds.push(await round(5_000));
  const sources = Array.from({ length: exits }, (_, i) => source(`exit-${exits - i}`));
  const before = process.cpuUsage();
  pool.replace(sources);
  const { user, system } = process.cpuUsage(before);
  await pool.close();
  return {
    exits,
    'µs a call': Math.min(...rounds).toFixed(2),
    'ms a reload': ((user + system) / 1_000).toFixed(1),
  };
}

export async function run(): Promise<void> {
  setDefaultCACertificates([certificate.cert]);
  const ours = (standIn: StandIn, proxies: ConnectProxy[]) => {
    const upstream = createUpstream(standIn, proxies.map(({ url }) => url).join(' '));
    return { get: getOf(upstream), upstream };
  };
  console.log('choosing an exit, and another list');
  console.table([await choices(10), await choices(1_000), await choices(10_000)]);
  console.log('100 exits, 50 calls a second, 2,000 calls');
  console.table([
    await crowd('healthy', HEALTHY, ours),
    await crowd('17 bad', SEVENTEEN, ours),
    await crowd('40 bad', FORTY, ours),
    await crowd('17 bad, naive round robin', SEVENTEEN, (standIn, proxies) => ({
      get: naive(standIn, proxies),
    })),
  ]);
  console.log('a rotating gateway, budget 20, 2,000 calls');
  console.table([await rotating()]);
  console.log(
    '16 exits, 960 calls an hour: 2 calls a second of a free account, 7 of each pro account, 60 rounds',
  );
  console.table(await fairness());
  console.log('500 pages of 100 branches through one proxy');
  console.table([await bytes()]);
  console.log('10,000 calls through one proxy');
  console.table([await soak()]);
}
