import { setDefaultCACertificates } from 'node:tls';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type BytesHold, unboundedHold } from '../../src/domain/bytes-in-flight.ts';
import type { Failure } from '../../src/domain/failure.ts';
import { Spares } from '../../src/domain/spares.ts';
import { type AttemptEnded, silentTelemetry } from '../../src/domain/telemetry.ts';
import type { UpstreamAnswer } from '../../src/domain/upstream.ts';
import { type Bitbucket, type BitbucketOptions, createBitbucket } from '../../src/egress/bitbucket.ts';
import { createMemoryBudgetStore } from '../../src/egress/exits/budget-store-memory.ts';
import { createCertificate } from '../bitbucket/certificate.ts';
import { type ConnectProxy, createConnectProxy, type ProxyOptions } from '../bitbucket/connect-proxy.ts';
import { createSocksProxy } from '../bitbucket/socks-proxy.ts';
import { createStandIn, type Fault, type StandIn } from '../bitbucket/stand-in.ts';
import { exitsOf } from '../exits.ts';
import { createTestClock, type TestClock } from '../gateway.ts';

/** Promises of the way out under stress, over real proxies and TLS. Time-outs and faults as policy: attempts/. */
const certificate = createCertificate();
const TARGET = '/repositories/acme/big';
const JSON_TYPE = { 'content-type': 'application/json' };
const quiet = { debug() {}, info() {}, warn() {}, error() {} };

let standIn: StandIn;
let clock: TestClock;
let told: AttemptEnded[];
const closing: { close(): Promise<void> }[] = [];
beforeAll(async () => {
  standIn = await createStandIn({ certificate, hourlyBudget: 1_000_000 });
  setDefaultCACertificates([certificate.cert]);
});
beforeEach(() => {
  clock = createTestClock();
  told = [];
});
afterEach(async () => {
  for (const each of closing.splice(0).reverse()) await each.close();
  standIn.reset();
});
afterAll(() => standIn.close());

async function proxy(options: ProxyOptions = {}): Promise<ConnectProxy> {
  const created = await createConnectProxy(options);
  closing.push(created);
  return created;
}

function upstream(list: string, options: Partial<BitbucketOptions> = {}): Bitbucket {
  const created = createBitbucket({
    upstreamUrl: standIn.url,
    sources: exitsOf(list),
    sessions: 4,
    sessionLifetimeMs: 540_000,
    hourlyBudget: 60,
    hourlyCeiling: null,
    budgets: createMemoryBudgetStore(clock),
    clock,
    log: quiet,
    random: Math.random,
    telemetry: { ...silentTelemetry, attemptEnded: (end) => void told.push(end) },
    ...options,
  });
  closing.push(created);
  return created;
}

interface Asked {
  readonly accountId?: string;
  readonly deadlineMs?: number;
  readonly hangUp?: AbortSignal;
  readonly room?: BytesHold;
  readonly read?: (answer: UpstreamAnswer) => unknown;
}

/** One call: what came of it, in one word or the failure. */
function call(bitbucket: Bitbucket, asked: Asked = {}): Promise<unknown> {
  const {
    accountId = 'a',
    deadlineMs = 15_000,
    hangUp = new AbortController().signal,
    room = unboundedHold,
    read = () => 'ok',
  } = asked;
  return bitbucket
    .get(
      { target: TARGET, read },
      {
        accountId,
        weight: 1,
        deadlineAtMs: clock.monotonic() + deadlineMs,
        hangUp,
        requestId: 'r',
        attempts: [],
        spares: new Spares(),
        room,
      },
    )
    .catch((failure: unknown) => failure);
}

/** A fault that keeps requests waiting until the test lets them go. */
function waiting() {
  const held: (() => void)[] = [];
  const fault: Fault = (_request, response) =>
    void held.push(() => response.writeHead(200, JSON_TYPE).end('{}'));
  const release = () => {
    for (const answer of held.splice(0)) answer();
  };
  return { fault, held, release };
}

const left = (bitbucket: Bitbucket) => bitbucket.snapshot().reduce((sum, exit) => sum + exit.left, 0);

it.each([401, 407, 502])('a proxy that answers %i alone: 503, not 502', async (status) => {
  const { url } = await proxy({ fault: { status } });
  expect(await call(upstream(url))).toMatchObject({
    code: 'exits_exhausted',
    status: 503,
    retryAfterMs: expect.any(Number),
  });
});

describe('an attempt that has ended is never sent', () => {
  it('behind the one tunnel of a rotating gateway', async () => {
    const { url } = await proxy();
    const { fault, held, release } = waiting();
    standIn.fault(TARGET, fault, 1);
    const bitbucket = upstream(`rotating+${url}`, { sessions: 1 });
    const busy = call(bitbucket);
    await expect.poll(() => held.length, { timeout: 10_000 }).toBe(1);
    const late = await Promise.all(Array.from({ length: 20 }, () => call(bitbucket, { deadlineMs: 100 })));
    expect(new Set(late.map((failure) => (failure as Failure).code))).toEqual(new Set(['upstream_timeout']));
    release();
    expect(await busy).toBe('ok');
    expect(await call(bitbucket)).toBe('ok');
    expect([standIn.requests.length, told.length]).toEqual([2, 22]);
    expect(told.filter(({ bytesUp }) => bytesUp > 0)).toHaveLength(2);
  });

  it('in a tunnel that opens after the deadline', async () => {
    const slow = await proxy({ delayMs: 600 });
    const bitbucket = upstream(slow.url);
    const failures = await Promise.all(
      Array.from({ length: 10 }, () => call(bitbucket, { deadlineMs: 100 })),
    );
    expect(failures).toMatchObject(Array.from({ length: 10 }, () => ({ code: 'upstream_timeout' })));
    await expect.poll(() => told.length, { timeout: 10_000 }).toBe(10);
    await expect.poll(() => slow.open(), { timeout: 10_000 }).toBeGreaterThan(10);
    expect([standIn.requests.length, left(bitbucket)]).toEqual([0, 60]);
  });
});

it("an account's answers that wait for room keep no other account's call waiting", async () => {
  const bitbucket = upstream('direct', { hourlyBudget: 1_000 });
  const noRoom: BytesHold = { grow: () => false, release: () => {} };
  const paused = Array.from({ length: 100 }, () => call(bitbucket, { room: noRoom, deadlineMs: 10_000 }));
  await expect.poll(() => standIn.requests.length, { timeout: 10_000 }).toBe(32);
  expect(await call(bitbucket, { accountId: 'b', deadlineMs: 5_000 })).toBe('ok');
  await bitbucket.close();
  await Promise.all(paused);
});

describe('hang-ups', () => {
  it('of ten sent requests cost no tunnel', async () => {
    const gate = await proxy();
    const bitbucket = upstream(gate.url);
    const { fault, held, release } = waiting();
    standIn.fault(TARGET, fault, 20);
    const hangUps = Array.from({ length: 10 }, () => new AbortController());
    const hungUp = hangUps.map(({ signal }) => call(bitbucket, { hangUp: signal }));
    await expect.poll(() => held.length, { timeout: 10_000 }).toBe(10);
    for (const controller of hangUps) controller.abort();
    for (const failure of await Promise.all(hungUp))
      expect(failure).toMatchObject({ message: 'The caller hung up.' });
    release();
    await expect.poll(() => told.length, { timeout: 10_000 }).toBe(10);
    const again = Array.from({ length: 10 }, () => call(bitbucket));
    await expect.poll(() => held.length, { timeout: 10_000 }).toBe(10);
    release();
    expect(new Set(await Promise.all(again))).toEqual(new Set(['ok']));
    expect([gate.connects, standIn.requests.length]).toEqual([10, 20]);
  });

  it('of ten before their tunnel opened cost no budget', async () => {
    const gate = await proxy({ delayMs: 300 });
    const bitbucket = upstream(gate.url);
    const hangUps = Array.from({ length: 10 }, () => new AbortController());
    const hungUp = hangUps.map(({ signal }) => call(bitbucket, { hangUp: signal }));
    await expect.poll(() => gate.connects, { timeout: 10_000 }).toBe(10);
    for (const controller of hangUps) controller.abort();
    await Promise.all(hungUp);
    await expect.poll(() => told.length, { timeout: 10_000 }).toBe(10);
    expect([standIn.requests.length, left(bitbucket)]).toEqual([0, 60]);
    expect(new Set(told.map(({ verdict }) => verdict))).toEqual(new Set(['abandoned']));
  });
});

describe('a 429', () => {
  const limited =
    (retryAfter: string): Fault =>
    (_request, response) =>
      void response.writeHead(429, { 'content-type': 'text/plain', 'retry-after': retryAfter }).end('no');

  it.each([
    ['1800', 1_800_000],
    ['0', 1_000],
    ['999999999', 3_600_000],
  ])(
    'with Retry-After: %s is believed within a second and an hour, and told to the caller',
    async (said, ms) => {
      standIn.fault(TARGET, limited(said), 9);
      const bitbucket = upstream('direct');
      const failure = (await call(bitbucket)) as Failure;
      expect(failure.code).toBe('exits_exhausted');
      expect(Math.abs((failure.retryAfterMs ?? 0) - ms)).toBeLessThanOrEqual(500);
      expect(standIn.requests).toHaveLength(1);
    },
  );
});

it('an exit that gets the edge’s own page is no answer, and is set aside when it keeps getting it', async () => {
  const gates = await Promise.all([1, 2, 3, 4].map((i) => proxy({ leavesFrom: () => `127.9.8.${i}` })));
  const answer: Fault = (request, response) =>
    request.socket.remoteAddress === '127.9.8.1'
      ? void response.writeHead(403, { 'content-type': 'text/html' }).end('<html>blocked</html>')
      : void response.writeHead(200, JSON_TYPE).end('{}');
  standIn.fault(TARGET, answer, 1_000);
  const bitbucket = upstream(gates.map(({ url }) => url).join(' '), { hourlyBudget: 1_000 });
  for (let i = 0; i < 60; i += 1) expect(await call(bitbucket)).toBe('ok');
  const blocked = told.filter(({ verdict }) => verdict === 'blocked').length;
  expect(blocked).toBeGreaterThan(0);
  expect(blocked).toBeLessThan(15);
});

it('a 200 that is not whole is asked for again elsewhere', async () => {
  standIn.fault(TARGET, (_request, response) => void response.writeHead(200, JSON_TYPE).end('{"half":'));
  const read = ({ body }: UpstreamAnswer) => (body.plain().toString().endsWith('}') ? 'whole' : null);
  expect(await call(upstream('direct'), { read })).toBe('whole');
  expect(told.map(({ verdict }) => verdict)).toEqual(['broken', 'answered']);
});

it('a new password is used from the next call on, and the budget goes on', async () => {
  const gate = await proxy({ credentials: 'user:new' });
  const at = (password: string) => exitsOf(`http://user:${password}@127.0.0.1:${gate.port}`);
  const bitbucket = upstream('direct', { sources: at('old') });
  expect(await call(bitbucket)).toMatchObject({ code: 'exits_exhausted' });
  bitbucket.replaceExits(at('new'));
  await expect.poll(() => call(bitbucket), { timeout: 5_000 }).toBe('ok');
  expect(gate.authorizations.slice(-1)).toEqual(['user:new']);
  const spent = 60 - left(bitbucket);
  bitbucket.replaceExits(at('newer'));
  expect(60 - left(bitbucket)).toBe(spent);
});

it.each([
  ['refused', 'refused'],
  [{ status: 407 }, 'credentials'],
  ['own certificate', 'certificate'],
  ['early bytes', 'proxy_error'],
] as const)('a proxy fault has a name in telemetry: %j: %s', async (fault, verdict) => {
  const bad = await proxy(fault === 'refused' ? {} : { fault });
  if (fault === 'refused') await bad.close();
  await call(upstream(bad.url));
  expect(told[0]).toMatchObject({ verdict, status: null, bytesUp: 0, bytesDown: 0 });
  expect(JSON.stringify(told)).not.toContain('user');
});

it.each(['socks5', 'socks5h'])('%s: an exit as any other, with a budget of its own', async (scheme) => {
  const gate = await createSocksProxy({ credentials: 'user:pass', leavesFrom: () => '127.9.9.1' });
  closing.push(gate);
  const bitbucket = upstream(`${scheme}://user:pass@127.0.0.1:${gate.port}`, { hourlyBudget: 2 });
  expect([await call(bitbucket), await call(bitbucket)]).toEqual(['ok', 'ok']);
  expect(await call(bitbucket)).toMatchObject({ code: 'exits_exhausted' });
  expect(standIn.requests.map(({ address }) => address)).toEqual(['127.9.9.1', '127.9.9.1']);
  expect(new Set(gate.authorizations)).toEqual(new Set(['user:pass']));
});

describe('room for answers', () => {
  const large = Buffer.alloc(2 * 1024 * 1024, 0x20);
  large.write('{}');
  const sends: Fault = (_request, response) => void response.writeHead(200, JSON_TYPE).end(large);
  const read = ({ body }: UpstreamAnswer) => body.plain().length;

  it('is waited for while the upstream is paused', async () => {
    standIn.fault(TARGET, sends);
    let room = 100_000;
    let refusals = 0;
    const hold: BytesHold = {
      grow: (bytes, onRoom) => {
        if (bytes <= room) {
          room -= bytes;
          return true;
        }
        refusals += 1;
        clock.after(5, () => {
          room += 200_000 - bytes;
          onRoom();
        });
        return false;
      },
      release: () => {},
    };
    expect(await call(upstream('direct'), { room: hold, read })).toBe(large.length);
    expect(refusals).toBeGreaterThan(5);
  });

  it('that does not come until the deadline: overloaded', async () => {
    standIn.fault(TARGET, sends);
    const hold: BytesHold = { grow: () => false, release: () => {} };
    expect(await call(upstream('direct'), { room: hold, read, deadlineMs: 500 })).toMatchObject({
      code: 'overloaded',
      retryAfterMs: 1_000,
    });
  });
});
