import type { IncomingMessage, ServerResponse } from 'node:http';
import { inspect } from 'node:util';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { unboundedHold } from '../../src/domain/bytes-in-flight.ts';
import { Spares } from '../../src/domain/spares.ts';
import { silentTelemetry } from '../../src/domain/telemetry.ts';
import { type Bitbucket, createBitbucket } from '../../src/egress/bitbucket.ts';
import {
  type ConnectProxy,
  createConnectProxy,
  type ProxyFault,
  type ProxyOptions,
} from '../bitbucket/connect-proxy.ts';
import { exitsOf } from '../exits.ts';
import { createGateway, type Gateway } from '../gateway.ts';

const REPO = '/v1/repo?repo=acme/big';
const JSON_TYPE = { 'content-type': 'application/json' };
/** 64 MiB of nothing, made before any clock runs. */
const GZIP_BOMB = gzipSync(Buffer.alloc(64 * 1024 * 1024));
const BR_BOMB = brotliCompressSync(Buffer.alloc(64 * 1024 * 1024), {
  params: { [constants.BROTLI_PARAM_QUALITY]: 1 },
});

const proxies: ConnectProxy[] = [];

async function proxy(options?: ProxyOptions): Promise<ConnectProxy> {
  const created = await createConnectProxy(options);
  proxies.push(created);
  return created;
}

const gateways: Gateway[] = [];
async function through(list: string, options: Parameters<typeof createGateway>[0] = {}): Promise<Gateway> {
  const gateway = await createGateway({
    ...options,
    egress: { sources: exitsOf(list), ...options.egress },
  });
  gateways.push(gateway);
  return gateway;
}

/** Another way out to the same upstream, over the same store: as after a restart. */
const anotherOf = (gateway: Gateway, list: string, hourlyBudget: number): Bitbucket =>
  createBitbucket({
    upstreamUrl: gateway.standIn.url,
    sources: exitsOf(list),
    sessions: 1,
    sessionLifetimeMs: 540_000,
    hourlyBudget,
    hourlyCeiling: null,
    telemetry: silentTelemetry,
    random: Math.random,
    budgets: gateway.stores.budgets,
    clock: gateway.clock,
    log: { debug() {}, info() {}, warn() {}, error() {} },
  });

afterEach(async () => {
  for (const gateway of gateways.splice(0)) await gateway.close();
  for (const created of proxies.splice(0)) await created.close();
});

/** Another address of `net` each time. */
function counting(net: string): () => string {
  let last = 0;
  return () => {
    last += 1;
    return `${net}.${last}`;
  };
}

const remaining = async (gateway: Gateway) =>
  Number((await gateway.get('/v1/repo')).headers['x-quota-remaining']);

describe('a proxy that fails', () => {
  const faults: (ProxyFault | 'refused' | 'silent')[] = [
    'refused',
    'close at once',
    'reset',
    'silent',
    'header drip',
    'header flood',
    'garbage',
    'early bytes',
    'silent tunnel',
    'own certificate',
    ...[401, 402, 403, 407, 502, 522].map((status) => ({ status })),
  ];

  it.each(faults)(
    'alone: %j ends in a failure of ours within the deadline, and costs nothing',
    async (fault) => {
      const bad = await proxy(fault === 'refused' ? {} : { fault });
      if (fault === 'refused') await bad.close();
      const gateway = await through(bad.url, { deadlineMs: 600 });
      const startedAtMs = performance.now();
      const { status, body } = await gateway.get(REPO);
      expect(performance.now() - startedAtMs).toBeLessThan(1_500);
      expect([503, 504]).toContain(status);
      expect(body.message).not.toContain('127.0.0.1');
      expect(await remaining(gateway)).toBe(1_260_000);
      expect(gateway.standIn.requests).toEqual([]);
    },
  );

  it.each(faults)('beside a good one: %j is not noticed by the caller', async (fault) => {
    const bad = await proxy(fault === 'refused' ? {} : { fault });
    if (fault === 'refused') await bad.close();
    const good = await proxy({ leavesFrom: () => '127.9.0.1' });
    const gateway = await through(`${bad.url} ${good.url}`, { deadlineMs: 4_000 });
    for (let i = 0; i < 3; i += 1) expect((await gateway.get(REPO)).status).toBe(200);
    expect(new Set(gateway.standIn.requests.map(({ address }) => address))).toEqual(new Set(['127.9.0.1']));
  });
});

describe('an upstream that fails', () => {
  let gateway: Gateway;
  beforeAll(async () => {
    gateway = await createGateway({ deadlineMs: 700 });
  });
  afterEach(() => gateway.standIn.reset());
  afterAll(() => gateway.close());

  type Answer = (request: IncomingMessage, response: ServerResponse) => void;
  const huge: Answer = (_request, response) => {
    response.writeHead(200, JSON_TYPE);
    const chunk = Buffer.alloc(256 * 1024, 0x20);
    const write = () => {
      while (response.writable && response.write(chunk));
    };
    response.on('drain', write);
    write();
  };
  const always: [string, Answer, number, string][] = [
    ['500', (_request, response) => response.writeHead(500).end(), 502, 'upstream_failed'],
    ['555', (_request, response) => response.writeHead(555).end(), 502, 'upstream_failed'],
    [
      'HTML with 200',
      (_request, response) => response.writeHead(200, { 'content-type': 'text/html' }).end('<p>'),
      502,
      'upstream_failed',
    ],
    [
      '429',
      (_request, response) => response.writeHead(429, { 'content-type': 'text/plain' }).end('no'),
      503,
      'exits_exhausted',
    ],
    ['reset', (request) => request.socket.destroy(), 502, 'upstream_failed'],
    [
      'body cut',
      (_request, response) => {
        response.writeHead(200, { ...JSON_TYPE, 'content-length': '99' });
        response.write('{', () => response.destroy());
      },
      502,
      'upstream_failed',
    ],
    ['silent', () => {}, 504, 'upstream_timeout'],
    [
      'slow drip',
      (_request, response) => {
        response.writeHead(200, JSON_TYPE);
        const timer = setInterval(() => response.write(' '), 20);
        response.once('close', () => clearInterval(timer));
      },
      504,
      'upstream_timeout',
    ],
    ['endless body', huge, 502, 'upstream_failed'],
    [
      'gzip bomb',
      (_request, response) =>
        response.writeHead(200, { ...JSON_TYPE, 'content-encoding': 'gzip' }).end(GZIP_BOMB),
      502,
      'upstream_failed',
    ],
    [
      'br bomb',
      (_request, response) =>
        response.writeHead(200, { ...JSON_TYPE, 'content-encoding': 'br' }).end(BR_BOMB),
      502,
      'upstream_failed',
    ],
    [
      'broken gzip',
      (_request, response) =>
        response.writeHead(200, { ...JSON_TYPE, 'content-encoding': 'gzip' }).end('nonsense'),
      502,
      'upstream_failed',
    ],
    [
      'redirect elsewhere',
      (_request, response) => response.writeHead(302, { location: 'https://evil.example/2.0/x' }).end(),
      502,
      'upstream_failed',
    ],
    [
      'redirect to http',
      (_request, response) => response.writeHead(302, { location: 'http://api.bitbucket.org/2.0/x' }).end(),
      502,
      'upstream_failed',
    ],
    [
      'redirect in a circle',
      (request, response) => response.writeHead(302, { location: request.url }).end(),
      502,
      'upstream_failed',
    ],
  ];

  it.each(always)('%s: the right code, free of charge', async (name, answer, status, code) => {
    const fresh = await createGateway({ deadlineMs: ['silent', 'slow drip'].includes(name) ? 700 : 15_000 });
    fresh.standIn.fault('/repositories', answer, 9);
    const refused = await fresh.get(REPO);
    expect([refused.status, refused.body.meta.code]).toEqual([status, code]);
    expect(await remaining(fresh)).toBe(1_260_000);
    await fresh.close();
  });

  it.each(
    always.filter(
      ([name]) =>
        !['429', 'silent', 'slow drip', 'endless body', 'gzip bomb', 'br bomb'].includes(name) &&
        !name.startsWith('redirect'),
    ),
  )('%s once: the next attempt answers', async (_name, answer) => {
    const patient = await createGateway();
    patient.standIn.fault('/repositories', answer, 1);
    expect((await patient.get(REPO)).status).toBe(200);
    expect(patient.standIn.requests).toHaveLength(2);
    await patient.close();
  });

  it('is asked four times at most', async () => {
    gateway.standIn.fault('/repositories', (_request, response) => response.writeHead(503).end(), 99);
    await gateway.get(REPO);
    expect(gateway.standIn.requests).toHaveLength(4);
  });

  it('blames the query for a 500 after one retry', async () => {
    gateway.standIn.fault('/repositories', (_request, response) => response.writeHead(500).end(), 9);
    const { body } = await gateway.get(`/v1/repo/tags?repo=acme/big&q=${encodeURIComponent('name ~ "x"')}`);
    expect(body.message).toContain('`q`');
    expect(gateway.standIn.requests).toHaveLength(2);
  });

  it('is asked once more after a 410 with CHANGE-2770 on a workspace', async () => {
    gateway.standIn.fault('/workspaces', (_request, response) => {
      response
        .writeHead(410, JSON_TYPE)
        .end('{"type":"error","error":{"message":"CHANGE-2770 - Functionality has been deprecated"}}');
    });
    expect((await gateway.get('/v1/workspace?workspace=acme')).status).toBe(200);
  });

  it('follows a redirect within the API, at UPSTREAM_URL', async () => {
    gateway.standIn.fault('/repositories/acme/old', (_request, response) => {
      response.writeHead(301, { location: 'https://api.bitbucket.org/2.0/repositories/acme/big' }).end();
    });
    expect((await gateway.get('/v1/repo?repo=acme/old')).body.data.full_name).toBe('acme/big');
  });

  it.each([
    ['JSON', JSON_TYPE, '{"error":{"message":"Repository x not found."}}', 'Repository x not found.'],
    ['HTML', { 'content-type': 'text/html' }, '<b>canary</b>', 'Bitbucket has nothing there.'],
  ])('a 404 as %s keeps its words', async (_name, headers, body, words) => {
    gateway.standIn.fault('/repositories', (_request, response) =>
      response.writeHead(404, headers).end(body),
    );
    const answer = await gateway.get(REPO);
    expect(answer.status).toBe(404);
    expect(answer.body.message.startsWith(words)).toBe(true);
    expect(answer.text).not.toContain('canary');
  });
});

describe('budgets', () => {
  it('503 with Retry-After and without an upstream call once all exits are spent', async () => {
    const good = await proxy();
    const gateway = await through(good.url, { egress: { hourlyBudget: 3 } });
    const statuses = [];
    for (let i = 0; i < 5; i += 1) statuses.push((await gateway.get(REPO)).status);
    expect(statuses).toEqual([200, 200, 200, 503, 503]);
    expect(gateway.standIn.requests).toHaveLength(3);
    const { headers, body } = await gateway.get(REPO);
    expect(body.meta.code).toBe('exits_exhausted');
    expect(Number(headers['retry-after'])).toBeGreaterThan(3_500);
    gateway.clock.pass(3_600_000);
    expect((await gateway.get(REPO)).status).toBe(200);
  });

  it('learns from the upstream that others leave from the same address', async () => {
    const gateway = await through('direct', { egress: { hourlyBudget: 60 } });
    gateway.standIn.fault('/repositories', (_request, response) => {
      response
        .writeHead(200, { ...JSON_TYPE, 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': '600' })
        .end('{}');
    });
    expect((await gateway.get(REPO)).status).toBe(200);
    expect((await gateway.get(REPO)).status).toBe(503);
    gateway.clock.pass(601_000);
    expect((await gateway.get(REPO)).status).toBe(200);
  });

  it('a 429 spends one exit and the call goes on through another', async () => {
    const [one, two] = [
      await proxy({ leavesFrom: () => '127.9.0.1' }),
      await proxy({ leavesFrom: () => '127.9.0.2' }),
    ];
    const gateway = await through(`${one.url} ${two.url}`, { hourlyBudget: 1 });
    const statuses = [];
    for (let i = 0; i < 3; i += 1) statuses.push((await gateway.get(REPO)).status);
    expect(statuses).toEqual([200, 200, 503]);
  });

  it('keeps the ceiling of all exits together', async () => {
    const gateway = await through('direct', { egress: { hourlyCeiling: 2 } });
    const statuses = [];
    for (let i = 0; i < 3; i += 1) statuses.push((await gateway.get(REPO)).status);
    expect(statuses).toEqual([200, 200, 503]);
  });

  it('one failed call without proxies does not close the only way out', async () => {
    const gateway = await through('direct', {});
    gateway.standIn.fault('/repositories', (request) => request.socket.destroy(), 4);
    expect((await gateway.get(REPO)).status).toBe(502);
    expect((await gateway.get(REPO)).status).toBe(200);
  });

  it('shares what is left by plan once it is scarce', async () => {
    const gateway = await through('direct', { egress: { hourlyBudget: 100 } });
    const free = await gateway.newKey({ plan: 'free', overrides: { callsPerSecond: 1_000 } });
    const pro = await gateway.newKey({ plan: 'pro', overrides: { callsPerSecond: 1_000 } });
    for (let i = 0; i < 5; i += 1) expect((await gateway.get(REPO, pro)).status).toBe(200);
    const statuses: number[] = [];
    for (let i = 0; i < 90; i += 1) statuses.push((await gateway.get(REPO, free)).status);
    expect(statuses.filter((status) => status === 200).length).toBeLessThan(80);
    for (let i = 0; i < 10; i += 1) expect((await gateway.get(REPO, pro)).status).toBe(200);
  });
});

describe('sessions', () => {
  it('each session of a template is an exit with a budget of its own, and spent ones are replaced', async () => {
    const gate = await proxy({ leavesFrom: counting('127.9.1') });
    const gateway = await through(`http://user-{session}:pass@127.0.0.1:${gate.port}`, {
      egress: { hourlyBudget: 2, sessions: 2 },
    });
    for (let i = 0; i < 10; i += 1) expect((await gateway.get(REPO)).status).toBe(200);
    expect(new Set(gate.authorizations).size).toBeGreaterThanOrEqual(5);
    for (const given of gate.authorizations) expect(given).toMatch(/^user-[a-z0-9]{8}:pass$/);
  });

  it('a credential that several sessions are refused with rests as a whole, and the log says so once', async () => {
    const gate = await proxy({ fault: { status: 407 } });
    const good = await proxy();
    const list = `http://user-{session}:canary-pass@127.0.0.1:${gate.port} ${good.url}`;
    const gateway = await through(list, { egress: { sessions: 8 } });
    for (let i = 0; i < 20; i += 1) expect((await gateway.get(REPO)).status).toBe(200);
    expect(gate.connects).toBeLessThanOrEqual(8);
    const told = gateway.log.filter(({ level }) => level === 'error');
    expect(told).toHaveLength(1);
    expect(told[0]?.text).toMatch(/refuses these credentials/);
    expect(told[0]?.text).not.toContain('canary');
  });

  it('tunnels that run low together are not scarce: each is followed by a fresh one', async () => {
    const gate = await proxy({ leavesFrom: counting('127.9.3') });
    const gateway = await through(`rotating+http://127.0.0.1:${gate.port}`, {
      hourlyBudget: 20,
      egress: { hourlyBudget: 20, sessions: 4 },
    });
    const statuses = new Set<number>();
    for (let i = 0; i < 250; i += 1) statuses.add((await gateway.get(REPO)).status);
    expect([...statuses]).toEqual([200]);
  });
  it('each tunnel of a rotating entry is an exit', async () => {
    const gate = await proxy({ leavesFrom: counting('127.9.2') });
    const gateway = await through(`rotating+http://127.0.0.1:${gate.port}`, {
      hourlyBudget: 5,
      egress: { hourlyBudget: 5, sessions: 2 },
    });
    for (let i = 0; i < 20; i += 1) expect((await gateway.get(REPO)).status).toBe(200);
    expect(gate.connects).toBeLessThanOrEqual(6);
  });
});

it('another list of exits loses no call under way', async () => {
  const [one, two] = [
    await proxy({ leavesFrom: () => '127.9.0.1', delayMs: 200 }),
    await proxy({ leavesFrom: () => '127.9.0.2' }),
  ];
  const gateway = await createGateway();
  const upstream = anotherOf(gateway, one.url, 60);
  const call = {
    accountId: 'a',
    weight: 1,
    deadlineAtMs: gateway.clock.monotonic() + 5_000,
    hangUp: new AbortController().signal,
    requestId: 'r',
    attempts: [],
    spares: new Spares(),
    room: unboundedHold,
  };
  const underWay = upstream.get({ target: '/repositories/acme/big', read: (answer) => answer }, call);
  upstream.replaceExits(exitsOf(two.url));
  const after = await upstream.get({ target: '/repositories/acme/big', read: (answer) => answer }, call);
  expect([(await underWay).status, after.status]).toEqual([200, 200]);
  await upstream.close();
  await gateway.close();
});

it('shows no password of a proxy anywhere', async () => {
  const bad = await proxy({ credentials: 'other:other' });
  const gateway = await through(`http://canary-user:canary-pass@127.0.0.1:${bad.port}`, { deadlineMs: 500 });
  const { text } = await gateway.get(REPO);
  const everything =
    text + JSON.stringify(gateway.log) + inspect(gateway.app, { depth: 9, showHidden: true });
  expect(bad.authorizations[0]).toBe('canary-user:canary-pass');
  expect(everything).not.toContain('canary');
  expect(everything).not.toContain(Buffer.from('canary-user:canary-pass').toString('base64'));
});

it('goes on after a restart with what the hour has left', async () => {
  const gateway = await through('direct', { egress: { hourlyBudget: 2 } });
  expect((await gateway.get(REPO)).status).toBe(200);
  const restarted = anotherOf(gateway, 'direct', 2);
  await restarted.ready();
  expect(restarted.snapshot().map(({ left }) => left)).toEqual([1]);
  // The first one was never closed: what it leased is counted from the end of its lease.
  gateway.clock.pass(3_610_000);
  expect(restarted.snapshot().map(({ left }) => left)).toEqual([2]);
  await restarted.close();
});

it('a slow exit is overtaken by a quick one', async () => {
  const [slow, quick] = [await proxy({ delayMs: 1_500 }), await proxy()];
  const gateway = await through(`${slow.url} ${quick.url}`, { deadlineMs: 3_000 });
  for (let i = 0; i < 5; i += 1) {
    const startedAtMs = performance.now();
    expect((await gateway.get(REPO)).status).toBe(200);
    expect(performance.now() - startedAtMs).toBeLessThan(1_300);
  }
});
