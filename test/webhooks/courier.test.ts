import type { IncomingMessage } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../src/domain/clock.ts';
import type { Backend } from '../../src/store/backend.ts';
import { openBackend } from '../../src/store/open-backend.ts';
import { type Courier, createCourier } from '../../src/webhooks/courier.ts';
import { openOutbox } from '../../src/webhooks/open-outbox.ts';
import { createReceiver } from '../../src/webhooks/receiver.ts';
import { silentLog } from '../admin/fakes.ts';
import { createCertificate } from '../bitbucket/certificate.ts';
import { hasRedis, type RedisServer, startRedis } from '../store/redis-server.ts';
import { createVirtualClock } from '../virtual-clock.ts';
import {
  type CourierWorld,
  type CourierWorldOptions,
  createCourierWorld,
  createTrail,
  eventOf,
  type Marketplace,
  SECRET,
  startMarketplace,
  until,
} from './world.ts';

vi.setConfig({ testTimeout: 60_000 });

let marketplace: Marketplace;
const worlds: CourierWorld[] = [];
const world = async (options: Partial<CourierWorldOptions> = {}) => {
  const made = await createCourierWorld({ url: marketplace.url, ...options });
  await made.courier.ready();
  worlds.push(made);
  return made;
};
beforeEach(async () => {
  marketplace = await startMarketplace();
});
afterEach(async () => {
  for (const each of worlds.splice(0)) await each.close();
  await marketplace.leave();
});

const said = ({ lines }: CourierWorld) => lines.map(({ level, message }) => `${level} ${message}`);
const FAILS = 'warn a webhook did not arrive: tried again for a day';
const AGAIN = 'info webhooks arrive again';

describe('a webhook', () => {
  it('is sent as soon as it is told or found in the trail, signed, with the headers of JSON', async () => {
    const { courier, trail, pass, results } = await world();
    courier.tell(eventOf('a', 'told'));
    trail.events.push(eventOf('b', 'found'));
    await pass(1_000);
    expect(marketplace.taken.sort()).toEqual(['found', 'told']);
    const [post] = marketplace.posted;
    expect(post?.headers).toMatchObject({
      'content-type': 'application/json',
      'x-oanor-signature': expect.stringMatching(/^t=\d{10},v1=[0-9a-f]{64}$/),
    });
    expect(JSON.parse(post?.body ?? '')).toEqual({
      ...{ id: expect.any(String), type: 'key.created', created_at: '2025-11-24T16:00:00.000Z' },
      data: { account: { id: expect.any(String), name: 'acme', plan: 'pro' } },
    });
    expect(results).toEqual(['delivered', 'delivered']);
  });

  it('of before the first start is nobody’s news', async () => {
    const trail = createTrail();
    trail.events.push(eventOf('a', 'old'));
    const { pass } = await world({ trail });
    trail.events.push(eventOf('a', 'new'));
    await pass(2_000);
    expect(marketplace.taken).toEqual(['new']);
  });

  it('is tried again after 1 s, then more and more rarely, and told of once', async () => {
    const started = await world();
    const { courier, pass, clock, results } = started;
    const atMs: number[] = [];
    marketplace.fault = (_post, response) => {
      atMs.push(clock.monotonic());
      response.writeHead(500).end('no');
    };
    courier.tell(eventOf('a', 'e'));
    await pass(9_000, 250);
    marketplace.fault = null;
    await pass(10_000, 250);
    const waits = atMs.slice(1).map((each, i) => each - (atMs[i] ?? 0));
    // By quarters of a second, for time stands still while a request is under way.
    expect(waits).toEqual([1_000, 1_500, 3_000]);
    expect([marketplace.taken, results.at(-1)]).toEqual([['e'], 'delivered']);
    expect(said(started)).toEqual([FAILS, AGAIN]);
    expect(new Set(marketplace.posted.map(({ body }) => body)).size).toBe(1);
  });

  it('waits for the one before it of its account, and for no other account', async () => {
    const { courier, pass } = await world();
    marketplace.fault = (post, response) => {
      if (post.account === 'a') response.writeHead(503).end();
      else {
        marketplace.taken.push(post.id);
        response.writeHead(204).end();
      }
    };
    for (const id of ['a1', 'a2', 'a3']) courier.tell(eventOf('a', id));
    for (const id of ['b1', 'b2', 'b3']) courier.tell(eventOf('b', id));
    await pass(3_000);
    expect(marketplace.taken).toEqual(['b1', 'b2', 'b3']);
    expect(new Set(marketplace.posted.filter(({ account }) => account === 'a').map(({ id }) => id))).toEqual(
      new Set(['a1']),
    );
    marketplace.fault = null;
    await pass(10_000);
    expect(marketplace.taken).toEqual(['b1', 'b2', 'b3', 'a1', 'a2', 'a3']);
  });

  it.each([301, 302, 307, 308])(
    'that is answered with %i goes nowhere else and is tried again',
    async (status) => {
      const elsewhere = await startMarketplace();
      const { courier, pass } = await world();
      marketplace.fault = (_post, response) => response.writeHead(status, { location: elsewhere.url }).end();
      courier.tell(eventOf('a', 'e'));
      await pass(3_000);
      expect([elsewhere.posted, marketplace.taken]).toEqual([[], []]);
      expect(marketplace.posted.length).toBeGreaterThan(1);
      marketplace.fault = null;
      await pass(5_000);
      expect([elsewhere.posted, marketplace.taken]).toEqual([[], ['e']]);
      await elsewhere.leave();
    },
  );

  it.each([
    ['cuts the connection', (request: IncomingMessage) => void request.socket.destroy()],
    ['says what is no HTTP', (request: IncomingMessage) => void request.socket.end('nonsense\r\n\r\n')],
    [
      'would rather speak something else',
      (request: IncomingMessage) =>
        void request.socket.end(
          'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n',
        ),
    ],
  ])('whose receiver %s is tried again', async (_what, fault) => {
    const { courier, pass } = await world();
    marketplace.fault = (_post, _response, request) => fault(request);
    courier.tell(eventOf('a', 'e'));
    await pass(3_000);
    expect([marketplace.taken, marketplace.posted.length > 1]).toEqual([[], true]);
    marketplace.fault = null;
    await pass(5_000);
    expect(marketplace.taken).toEqual(['e']);
  });

  it('whose receiver hangs is tried again after 10 s, and others go past it', async () => {
    const started = await world({ isPatient: false });
    const { courier, clock } = started;
    let isCut = false;
    marketplace.fault = (post, response, request) => {
      if (post.account === 'a') request.socket.once('close', () => (isCut = true));
      if (post.account === 'a') return;
      marketplace.taken.push(post.id);
      response.writeHead(200).end();
    };
    courier.tell(eventOf('a', 'a1'));
    courier.tell(eventOf('b', 'b1'));
    await clock.pass(1_000);
    await until(() => marketplace.posted.length === 2);
    expect(started.lines).toEqual([]);
    await clock.pass(10_000);
    await until(() => started.lines.length === 1);
    expect(started.lines[0]?.fields).toMatchObject({ account: 'a', cause: 'no answer within 10 s' });
    await until(() => isCut);
    marketplace.fault = null;
    await clock.pass(1_000);
    await until(() => marketplace.taken.length === 2);
    expect(marketplace.taken).toEqual(['b1', 'a1']);
  });

  it('whose receiver answers without end is taken, and no more is read', async () => {
    const started = await world();
    const { courier, pass } = started;
    let isCut = false;
    marketplace.fault = (post, response) => {
      marketplace.taken.push(post.id);
      response.writeHead(200);
      const pour = () =>
        void (response.write(Buffer.alloc(16_384)) ? setImmediate(pour) : response.once('drain', pour));
      response.once('close', () => {
        isCut = true;
      });
      pour();
    };
    courier.tell(eventOf('a', 'e'));
    await pass(1_000);
    await until(() => isCut);
    await pass(20_000);
    expect([marketplace.taken, started.results]).toEqual([['e'], ['delivered']]);
  });

  it('whose receiver is gone for an hour arrives when it is back: once, in order', async () => {
    const started = await world();
    const { courier, trail, pass } = started;
    await marketplace.leave();
    const ids = Array.from({ length: 12 }, (_, i) => `${'abc'[i % 3]}${Math.floor(i / 3)}`);
    for (const [i, id] of ids.entries()) {
      if (i % 2 === 0) courier.tell(eventOf(id.charAt(0), id));
      else trail.events.push(eventOf(id.charAt(0), id));
      await pass(1_000);
    }
    await pass(3_600_000, 5_000);
    expect([marketplace.posted, said(started)]).toEqual([[], [FAILS]]);
    expect(courier.backlog().pending).toBe(12);
    await marketplace.comeBack();
    await pass(300_000);
    expect(marketplace.posted).toHaveLength(12);
    for (const account of ['a', 'b', 'c'])
      expect(marketplace.taken.filter((id) => id.startsWith(account))).toEqual(
        ids.filter((id) => id.startsWith(account)),
      );
    expect([said(started), courier.backlog().pending]).toEqual([[FAILS, AGAIN], 0]);
  });

  it('is given up after a day, said so, and holds up no further one', async () => {
    const taken: string[] = [];
    const send = async (body: string) => {
      const { id } = JSON.parse(body) as { readonly id: string };
      if (id === 'bad') return 'it answered 400';
      taken.push(id);
      return null;
    };
    const started = await world({ receiver: { send } });
    started.courier.tell(eventOf('a', 'bad'));
    started.courier.tell(eventOf('a', 'good'));
    const { pass, results } = started;
    await pass(86_400_000, 3_600_000);
    expect([taken, said(started)]).toEqual([[], [FAILS]]);
    await pass(300_000, 300_000);
    expect(taken).toEqual(['good']);
    expect(said(started)).toEqual([FAILS, 'error a webhook was given up after a day']);
    expect(results.filter((result) => result !== 'failed')).toEqual(['given_up', 'delivered']);
  });

  it('that arrived is not sent again when the store hears of it late, and what failed waits no longer', async () => {
    const clock = createVirtualClock();
    const backend = await openBackend('sqlite::memory:', { role: 'tool', clock, log: silentLog });
    if (backend.kind !== 'sqlite') throw new Error('not SQLite');
    let isAway = false;
    const write: typeof backend.write = (work) => {
      if (isAway) throw new Error('away');
      return backend.write(work);
    };
    const { courier, pass } = await world({ backend: { ...backend, write }, clock });
    marketplace.fault = (post, response) => {
      isAway = true;
      response.writeHead(post.account === 'a' ? 200 : 500).end();
    };
    courier.tell(eventOf('a', 'arrived'));
    await pass(6_000);
    isAway = false;
    await pass(40_000);
    expect(marketplace.posted).toHaveLength(1);
    expect(courier.backlog().pending).toBe(0);
    courier.tell(eventOf('b', 'failed'));
    await pass(6_000);
    isAway = false;
    marketplace.fault = null;
    await pass(2_000);
    expect(marketplace.taken).toEqual(['failed']);
  });

  it('of a start whose store is away for a moment is told as well; after 5 s it is no start', async () => {
    const clock = createVirtualClock();
    const awayUntil = async (ms: number) => {
      const backend = await openBackend('sqlite::memory:', { role: 'tool', clock, log: silentLog });
      const outbox = openOutbox(backend);
      const backAtMs = clock.monotonic() + ms;
      const courier = createCourier({
        outbox: {
          ...outbox,
          followedTo: () =>
            clock.monotonic() < backAtMs ? Promise.reject(new Error('away')) : outbox.followedTo(),
        },
        ...{ trail: createTrail(), clock, random: () => 0, log: silentLog },
        receiver: { send: async () => null },
        pulse: { webhookSent: () => {} },
      });
      const ready = courier.ready().then(
        () => 'ready',
        (error: Error) => error.message,
      );
      await clock.pass(6_000);
      const end = await ready;
      const closing = courier.close();
      await clock.pass(2_000);
      await closing;
      await backend.close();
      return end;
    };
    expect(await awayUntil(4_000)).toBe('ready');
    expect(await awayUntil(5_500)).toBe('away');
  });

  it('that the store could not take is told to it at the end', async () => {
    const clock = createVirtualClock();
    const backend = await openBackend('sqlite::memory:', { role: 'tool', clock, log: silentLog });
    if (backend.kind !== 'sqlite') throw new Error('not SQLite');
    let isAway = true;
    const write: typeof backend.write = (work) => {
      if (isAway) throw new Error('away');
      return backend.write(work);
    };
    const courier = createCourier({
      ...{
        outbox: openOutbox({ ...backend, write }),
        trail: createTrail(),
        clock,
        random: () => 0,
        log: silentLog,
      },
      receiver: { send: async () => null },
      pulse: { webhookSent: () => {} },
    });
    courier.tell(eventOf('a', 'late'));
    await clock.pass(500);
    isAway = false;
    const closing = courier.close();
    await clock.pass(1_000);
    await closing;
    expect(await openOutbox(backend).backlog()).toMatchObject({ pending: 1 });
    await backend.close();
  });

  it('under way at the end is left in the store, at once', async () => {
    const clock = createVirtualClock();
    const backend = await openBackend('sqlite::memory:', { role: 'tool', clock, log: silentLog });
    const started = await world({ backend, clock, isPatient: false });
    marketplace.fault = () => {};
    started.courier.tell(eventOf('a', 'e'));
    await clock.pass(1_000);
    await until(() => marketplace.posted.length === 1);
    started.courier.tell(eventOf('b', 'told last'));
    const closing = started.courier.close();
    await clock.pass(500);
    await closing;
    worlds.splice(0);
    marketplace.fault = null;
    const next = await world({ backend, clock });
    await next.pass(1_000);
    expect(marketplace.taken.sort()).toEqual(['e', 'told last']);
    expect(started.lines).toEqual([]);
    await next.close();
    worlds.splice(0);
    await backend.close();
  });
});

describe('where a name leads', () => {
  const resolveTo = (...addresses: string[]) =>
    ((_name: string, _options: object, done: (error: null, found: object[]) => void) =>
      done(
        null,
        addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
      )) as never;

  it.each([
    ['https://hooks.example', ['127.0.0.1']],
    ['https://hooks.example', ['10.0.0.1']],
    ['https://hooks.example', ['93.184.216.34', '192.168.0.1']],
    ['https://hooks.example', ['::ffff:10.0.0.1']],
    ['https://hooks.example', []],
    ['http://localhost', ['93.184.216.34']],
  ])('%s at %j is refused when it is connected to', async (base, addresses) => {
    const { cert, key } = createCertificate();
    let connections = 0;
    const server = createServer({ cert, key }).on('connection', () => {
      connections += 1;
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const receiver = createReceiver({
      ...{ url: `${base}:${port}/`, secret: SECRET, clock: systemClock },
      resolve: resolveTo(...addresses),
    });
    const why = await receiver.send('{}', new AbortController().signal);
    expect([why, connections]).toEqual(['its name leads to a private address', 0]);
    server.close();
  });

  it('a name that cannot be resolved is a failure like any other', async () => {
    const error = Object.assign(new Error('canary'), { code: 'ENOTFOUND' });
    const resolve = ((_name: string, _options: object, done: (error: Error) => void) => done(error)) as never;
    const receiver = createReceiver({
      url: 'https://hooks.example',
      secret: SECRET,
      clock: systemClock,
      resolve,
    });
    expect(await receiver.send('{}', new AbortController().signal)).toBe('ENOTFOUND');
  });

  it('localhost is this machine, and a certificate is looked at', async () => {
    const receiver = createReceiver({
      ...{ url: marketplace.url.replace('127.0.0.1', 'localhost'), secret: SECRET, clock: systemClock },
      resolve: resolveTo('127.0.0.1'),
    });
    const body = JSON.stringify({ id: 'e', data: {} });
    expect(await receiver.send(body, new AbortController().signal)).toBeNull();
    const { cert, key } = createCertificate();
    const server = createServer({ cert, key });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const secure = createReceiver({ url: `https://127.0.0.1:${port}`, secret: SECRET, clock: systemClock });
    expect(await secure.send(body, new AbortController().signal)).toMatch(/SELF_SIGNED|UNABLE_TO_VERIFY/);
    server.close();
  });
});

describe.runIf(hasRedis)('two gateways on one Redis', () => {
  let redis: RedisServer | undefined;
  afterEach(() => redis?.stop());

  it('send each event once, in order for each account', async () => {
    redis = await startRedis();
    const trail = createTrail();
    const couriers: { readonly courier: Courier; readonly backend: Backend }[] = [];
    for (let i = 0; i < 2; i += 1) {
      const backend = await openBackend(redis.url, { role: 'tool', clock: systemClock, log: silentLog });
      const courier = createCourier({
        ...{ outbox: openOutbox(backend), trail, random: Math.random, log: silentLog, clock: systemClock },
        receiver: createReceiver({ url: marketplace.url, secret: SECRET, clock: systemClock }),
        pulse: { webhookSent: () => {} },
      });
      await courier.ready();
      couriers.push({ courier, backend });
    }
    const ids: string[] = [];
    for (let i = 0; i < 200; i += 1) {
      const account = `account-${i % 15}`;
      ids.push(`${account} ${i}`);
      // The same thing found by both, as the meter of each gateway finds a quota; or written into the trail.
      if (i % 2 === 0) for (const { courier } of couriers) courier.tell(eventOf(account, `${account} ${i}`));
      else trail.events.push(eventOf(account, `${account} ${i}`));
      if (i % 40 === 0)
        await until(() => couriers.every(({ courier }) => courier.backlog().pending >= 0), 50);
    }
    await until(() => marketplace.taken.length >= 200, 50_000);
    for (const { courier, backend } of couriers) {
      await courier.close();
      await backend.close();
    }
    expect(marketplace.posted).toHaveLength(200);
    expect(marketplace.taken.toSorted()).toEqual(ids.toSorted());
    for (const [account, events] of Map.groupBy(trail.events, ({ accountId }) => accountId)) {
      const ofTrail = new Set(events.map(({ id }) => id));
      const came = marketplace.posted.filter((post) => post.account === account && ofTrail.has(post.id));
      expect(came.map(({ id }) => id)).toEqual([...ofTrail]);
    }
  });
});
