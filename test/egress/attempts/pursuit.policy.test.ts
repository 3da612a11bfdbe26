import { getEventListeners } from 'node:events';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { unboundedHold } from '../../../src/domain/bytes-in-flight.ts';
import { Failure } from '../../../src/domain/failure.ts';
import { Spares } from '../../../src/domain/spares.ts';
import { type AttemptEnded, silentTelemetry } from '../../../src/domain/telemetry.ts';
import type { UpstreamAnswer, UpstreamRequest } from '../../../src/domain/upstream.ts';
import { Allowance } from '../../../src/egress/attempts/allowance.ts';
import { Latencies } from '../../../src/egress/attempts/latencies.ts';
import { Pursuit } from '../../../src/egress/attempts/pursuit.ts';
import { upstreamBaseOf } from '../../../src/egress/attempts/redirect.ts';
import { createFairQueue } from '../../../src/egress/exits/fair-queue.ts';
import type { AttemptEnd, Exit, Pool } from '../../../src/egress/exits/port.ts';
import { TunnelError } from '../../../src/egress/sources/tunnel-error.ts';
import { createVirtualClock } from '../../virtual-clock.ts';
import { createFakeDispatcher, type FakeRequest, JSON_TYPE } from './fake-dispatcher.ts';

const HTML = { 'content-type': 'text/html' };
const REFUSED = new TunnelError('refused', 'the proxy refused the connection');
type React = (request: FakeRequest) => void;

const answers =
  (status: number, body = '{}', headers: Record<string, string> = JSON_TYPE): React =>
  (request) =>
    void request.answer(status, body, headers);
const refused: React = (request) => void request.fail(REFUSED);
const silent: React = (request) => void request.begin();

interface Options {
  /** What each attempt in turn meets; the last one stands for all further ones. */
  readonly meets: readonly React[];
  /** Exits there are. */
  readonly exits?: number;
  readonly scarce?: boolean;
  readonly restMs?: number;
  /** Calls that were earned before, and answers that were quick. */
  readonly history?: number;
  readonly deadlineMs?: number;
}

/** A pool without sockets whose n-th attempt meets what the test says. */
function createFakePool({ meets, exits = 10, scarce = false, restMs = 0 }: Options, now: () => number) {
  const settled: { readonly exit: string; readonly end: AttemptEnd }[] = [];
  const requests: (FakeRequest & { readonly atMs: number; readonly exit: string })[] = [];
  let taken = 0;
  let open = 0;
  const dispatcherOf = (exit: string) =>
    createFakeDispatcher((request) => {
      const react = meets[requests.length] ?? meets.at(-1);
      requests.push(Object.assign(Object.create(request) as FakeRequest, { atMs: now(), exit }));
      react?.(request);
    });
  const all: Exit[] = Array.from({ length: exits }, (_, i) => {
    const dispatcher = dispatcherOf(`exit ${i}`);
    return {
      label: `exit ${i}`,
      source: 'list',
      queue: createFairQueue(64),
      connection: () => dispatcher,
    };
  });
  const pool = {
    reserve: async (_payer: unknown, avoid: readonly Exit[]) => {
      const exit = all.find((each) => !avoid.includes(each));
      if (exit === undefined) throw new Failure('exits_exhausted', 'the pool', { retryAfterMs: 77_000 });
      taken += 1;
      open += 1;
      let isSettled = false;
      return {
        exit,
        settle: (end: AttemptEnd) => {
          if (isSettled) throw new Error('settled twice');
          isSettled = true;
          open -= 1;
          settled.push({ exit: exit.label, end });
        },
      };
    },
    hasOther: (avoid: readonly Exit[]) => all.some((each) => !avoid.includes(each)),
    isScarce: () => scarce,
    restMs: () => restMs,
  } as unknown as Pool;
  return { pool, settled, requests, taken: () => taken, open: () => open };
}

function pursue(options: Options, asked: Partial<UpstreamRequest<unknown>> = {}) {
  const clock = createVirtualClock();
  const fake = createFakePool(options, () => clock.monotonic());
  const told: AttemptEnded[] = [];
  const allowance = new Allowance();
  const latencies = new Latencies();
  for (let i = 0; i < (options.history ?? 0); i += 1) {
    allowance.earn();
    latencies.note(100);
  }
  const tools = {
    pool: fake.pool,
    base: upstreamBaseOf('https://api.bitbucket.org/2.0'),
    allowance,
    latencies,
    clock,
    telemetry: { ...silentTelemetry, attemptEnded: (end: AttemptEnded) => void told.push(end) },
    random: () => 0.5,
    soon: (work: () => void) => work(),
  };
  const hangUp = new AbortController();
  const call = {
    accountId: 'a',
    weight: 1,
    deadlineAtMs: clock.monotonic() + (options.deadlineMs ?? 15_000),
    hangUp: hangUp.signal,
    requestId: 'r',
    attempts: [],
    spares: new Spares(),
    room: unboundedHold,
  };
  const request = {
    target: '/repositories/a/b',
    read: ({ status, body }: UpstreamAnswer) => `${status} ${body.plain().toString()}`,
    ...asked,
  };
  const outcome: { value?: unknown; atMs?: number; failure?: Failure } = {};
  const nowMs = () => clock.monotonic();
  const done = new Pursuit(tools, call).run(request).then(
    (value) => Object.assign(outcome, { value, atMs: nowMs() }),
    (failure: Failure) => Object.assign(outcome, { failure, atMs: nowMs() }),
  );
  const passing = async (ms: number) => {
    await clock.pass(ms);
    return outcome;
  };
  /** Another read of the same call. */
  const readOn = () => new Pursuit(tools, call).run(request).catch((failure: Failure) => failure);
  return { ...fake, clock, told, hangUp, outcome, done, passing, readOn, allowance };
}

const failing = (code: string, more: object = {}) => ({
  failure: expect.objectContaining({ code, ...more }),
});

describe('one attempt', () => {
  it('asks for JSON in gzip at the API’s base, and settles what it took', async () => {
    const { passing, requests, settled, told } = pursue({ meets: [answers(200, '{"a":1}')] });
    expect(await passing(1)).toMatchObject({ value: '200 {"a":1}' });
    expect(requests).toMatchObject([
      {
        path: '/2.0/repositories/a/b',
        headers: {
          accept: 'application/json',
          'accept-encoding': 'gzip',
          'user-agent': expect.stringContaining('bitbucket-gateway'),
        },
      },
    ]);
    expect(requests[0]?.headers).not.toHaveProperty('if-none-match');
    expect(settled).toMatchObject([
      { exit: 'exit 0', end: { kind: 'answered', status: 200, headers: JSON_TYPE } },
    ]);
    expect(told).toMatchObject([
      { requestId: 'r', exit: 'exit 0', source: 'list', verdict: 'answered', status: 200, isHedge: false },
    ]);
  });

  it('sends the entity tags it was given, and hands a 304 to the row', async () => {
    const meets = [answers(304, '', { etag: '"b"' })];
    const { passing, requests, told } = pursue({ meets }, { ifNoneMatch: ['"a"', 'W/"b"'] });
    expect(await passing(1)).toMatchObject({ value: '304 ' });
    expect(requests[0]?.headers['if-none-match']).toBe('"a", W/"b"');
    expect(told).toMatchObject([{ verdict: 'unchanged', status: 304 }]);
  });
});

describe('elsewhere', () => {
  it('at once after a proxy’s fault or a 429, from another exit, without touching the allowance', async () => {
    const meets = [refused, answers(429), refused, answers(200)];
    const { passing, requests, settled, allowance } = pursue({ meets });
    expect(await passing(0)).toMatchObject({ value: '200 {}', atMs: 0 });
    expect(requests.map(({ exit }) => exit)).toEqual(['exit 0', 'exit 1', 'exit 2', 'exit 3']);
    expect(settled.map(({ end }) => end)).toMatchObject([
      { kind: 'fault', fault: REFUSED, sent: false },
      { kind: 'answered', status: 429 },
      { kind: 'fault', sent: false },
      { kind: 'answered', status: 200 },
    ]);
    let retries = 0;
    while (allowance.takeRetry()) retries += 1;
    expect(retries).toBe(10);
  });

  it('after jitter that doubles, paid from the allowance', async () => {
    const { passing, requests, allowance } = pursue({
      meets: [answers(503), answers(200, '<p>', HTML), answers(500), answers(200)],
    });
    expect(await passing(1_000)).toMatchObject({ value: '200 {}' });
    expect(requests.map(({ atMs }) => atMs)).toEqual([0, 50, 150, 350]);
    let retries = 0;
    while (allowance.takeRetry()) retries += 1;
    expect(retries).toBe(7);
  });

  it('not when the allowance is used up', async () => {
    const pursuit = pursue({ meets: [answers(503)] });
    while (pursuit.allowance.takeRetry());
    expect(await pursuit.passing(1_000)).toMatchObject(failing('upstream_failed'));
    expect(pursuit.requests).toHaveLength(1);
  });

  it('not when the pause would pass the deadline', async () => {
    const { passing, requests } = pursue({ meets: [answers(503)], deadlineMs: 50 });
    expect(await passing(0)).toMatchObject({ ...failing('upstream_failed'), atMs: 0 });
    expect(requests).toHaveLength(1);
  });

  it('half an object is asked for again', async () => {
    const read = ({ body }: UpstreamAnswer) => (body.plain().toString().endsWith('}') ? 'whole' : null);
    const { passing, told } = pursue({ meets: [answers(200, '{"a":'), answers(200)] }, { read });
    expect(await passing(1_000)).toMatchObject({ value: 'whole' });
    expect(told.map(({ verdict }) => verdict)).toEqual(['broken', 'answered']);
  });

  it('an edge’s 403 is told to the exit as such', async () => {
    const { passing, settled, told } = pursue({ meets: [answers(403, '<p>', HTML), answers(200)] });
    expect(await passing(1_000)).toMatchObject({ value: '200 {}' });
    expect(settled[0]?.end).toMatchObject({ kind: 'blocked', headers: HTML });
    expect(told[0]).toMatchObject({ verdict: 'blocked', status: 403 });
  });

  it('four attempts at most', async () => {
    const { passing, requests } = pursue({ meets: [answers(503)] });
    expect(await passing(10_000)).toMatchObject({ ...failing('upstream_failed'), atMs: 350 });
    expect(requests).toHaveLength(4);
  });
});

describe('the attempts of one call', () => {
  const failed: React = (request) => void request.begin().fail(new Error('cut'));

  it('are three more than its reads: what the first used up, the next does not have', async () => {
    const { clock, passing, readOn, requests } = pursue({ meets: [refused, refused, answers(200), refused] });
    expect(await passing(0)).toMatchObject({ value: '200 {}' });
    expect(requests).toHaveLength(3);
    const second = readOn();
    await clock.pass(10_000);
    expect(await second).toMatchObject({ code: 'exits_exhausted' });
    expect(requests).toHaveLength(5);
    expect(await readOn()).toMatchObject({ code: 'exits_exhausted' });
    expect(requests).toHaveLength(6);
  });

  it('once used up, leave no retry, hedge or hop, but each read its one', async () => {
    for (const [meets, code] of [
      [answers(302, '', { location: '/2.0/x' }), 'upstream_failed'],
      [failed, 'upstream_failed'],
      [silent, 'upstream_timeout'],
    ] as const) {
      const { clock, passing, readOn, requests } = pursue({
        meets: [refused, refused, refused, answers(200), meets, answers(200)],
        history: 100,
      });
      expect(await passing(0)).toMatchObject({ value: '200 {}' });
      const second = readOn();
      await clock.pass(15_000);
      expect(await second).toMatchObject({ code });
      expect(requests).toHaveLength(5);
    }
  });
});

describe('how a call ends that nothing came of', () => {
  it('503 with the pool’s time when no proxy let it through', async () => {
    expect(await pursue({ meets: [refused], restMs: 90_000 }).passing(0)).toMatchObject(
      failing('exits_exhausted', {
        retryAfterMs: 90_000,
        message: expect.stringContaining('Wait as long as Retry-After says.'),
      }),
    );
    expect(await pursue({ meets: [refused] }).passing(0)).toMatchObject(
      failing('exits_exhausted', { retryAfterMs: 1_000 }),
    );
  });

  it('503 with the pool’s time when there is no other exit', async () => {
    for (const first of [refused, answers(429)]) {
      expect(await pursue({ meets: [first], exits: 1 }).passing(0)).toMatchObject(
        failing('exits_exhausted', { message: 'the pool', retryAfterMs: 77_000 }),
      );
    }
  });

  it('503 when Bitbucket’s limit refused all four', async () => {
    const { passing, requests } = pursue({ meets: [answers(429)], restMs: 1_800_000 });
    expect(await passing(0)).toMatchObject(failing('exits_exhausted', { retryAfterMs: 1_800_000 }));
    expect(requests).toHaveLength(4);
  });

  it('502 when Bitbucket was reached, whatever came behind it', async () => {
    expect(await pursue({ meets: [answers(503), refused] }).passing(1_000)).toMatchObject(
      failing('upstream_failed', { message: 'Bitbucket failed (status 503).' }),
    );
    expect(await pursue({ meets: [answers(503), refused], exits: 2 }).passing(1_000)).toMatchObject(
      failing('upstream_failed', { message: 'Bitbucket failed (status 503).' }),
    );
    const cut: React = (request) => void request.begin().head(200).fail(new Error('cut'));
    expect(await pursue({ meets: [cut, answers(429)], exits: 2 }).passing(1_000)).toMatchObject(
      failing('upstream_failed', { message: 'Bitbucket could not be read. Try again.' }),
    );
  });

  it('504 at the deadline', async () => {
    const { passing, settled } = pursue({ meets: [silent], exits: 1 });
    expect(await passing(14_999)).toEqual({});
    expect(await passing(1)).toMatchObject({ ...failing('upstream_timeout'), atMs: 15_000 });
    expect(settled).toMatchObject([{ end: { kind: 'fault', fault: { verdict: 'timeout' }, sent: true } }]);
  });

  it('504 at the deadline also in the last of four attempts', async () => {
    const { passing, requests } = pursue({ meets: [refused, refused, refused, silent] });
    expect(await passing(0)).toEqual({});
    expect(await passing(15_000)).toMatchObject(failing('upstream_timeout'));
    expect(requests).toHaveLength(4);
  });

  it('504 at the deadline also when no tunnel opened until then', async () => {
    const { passing, settled } = pursue({ meets: [() => {}], exits: 1 });
    expect(await passing(15_000)).toMatchObject(failing('upstream_timeout'));
    expect(settled).toMatchObject([{ end: { kind: 'fault', sent: false } }]);
  });

  it('with what a row refused', async () => {
    const failure = new Failure('not_a_directory', 'a file');
    const { passing, requests } = pursue({ meets: [answers(200)] }, { refuse: () => failure });
    expect(await passing(0)).toMatchObject({ failure });
    expect(requests).toHaveLength(1);
  });

  it('with what the store said', async () => {
    const away = new Failure('store_unavailable', 'x');
    const pursuit = pursue({ meets: [refused] });
    const { reserve } = pursuit.pool;
    let calls = 0;
    pursuit.pool.reserve = (payer, avoid) => {
      calls += 1;
      return calls === 1 ? reserve(payer, avoid) : Promise.reject(away);
    };
    expect(await pursuit.passing(0)).toMatchObject({ failure: away });
  });
});

describe('a query and a brown-out', () => {
  it('a 500 with q is asked for twice', async () => {
    const { passing, requests } = pursue(
      { meets: [answers(500)] },
      { target: '/repositories/a/b/refs/tags?q=x' },
    );
    const { failure } = await passing(10_000);
    expect([requests.length, failure?.message]).toEqual([2, expect.stringContaining('`q`')]);
  });

  it('a brown-out is asked for twice', async () => {
    const meets = [answers(410, '{"error":{"message":"CHANGE-2770"}}')];
    const { passing, requests } = pursue({ meets }, { target: '/workspaces/a' });
    expect(await passing(10_000)).toMatchObject(failing('upstream_gone'));
    expect(requests).toHaveLength(2);
  });
});

describe('redirects', () => {
  const to = (location: string): React => answers(302, '', { location });

  it('are followed at the API’s base', async () => {
    const { passing, requests } = pursue({
      meets: [to('/2.0/x?y=1'), to('https://api.bitbucket.org/2.0/z'), answers(200)],
    });
    expect(await passing(0)).toMatchObject({ value: '200 {}' });
    expect(requests.map(({ path }) => path)).toEqual(['/2.0/repositories/a/b', '/2.0/x?y=1', '/2.0/z']);
  });

  it('three at most, within four attempts', async () => {
    const { passing, requests } = pursue({ meets: [to('/2.0/x')] });
    expect(await passing(0)).toMatchObject(
      failing('upstream_failed', { message: expect.stringContaining('too often') }),
    );
    expect(requests).toHaveLength(4);
  });

  it('count with the retries', async () => {
    const { passing, requests } = pursue({ meets: [answers(503), to('/2.0/x'), answers(503), to('/2.0/y')] });
    expect(await passing(10_000)).toMatchObject(failing('upstream_failed'));
    expect(requests).toHaveLength(4);
  });

  it('to elsewhere are not followed', async () => {
    const { passing, requests } = pursue({ meets: [to('https://evil.example/2.0/x')] });
    expect(await passing(0)).toMatchObject(
      failing('upstream_failed', { message: expect.stringContaining('another place') }),
    );
    expect(requests).toHaveLength(1);
  });
});

describe('a hedge', () => {
  it('goes out beside a first attempt that is later than 95 of 100', async () => {
    const { passing, requests, told } = pursue({ meets: [silent, answers(200)], history: 20 });
    expect(await passing(99)).toEqual({});
    expect(await passing(1)).toMatchObject({ value: '200 {}' });
    expect(requests.map(({ atMs }) => Math.round(atMs))).toEqual([0, 100]);
    expect(told.map(({ isHedge }) => isHedge)).toEqual([true]);
  });

  it('without an allowance, or while exits are scarce, only when a third of the time is gone', async () => {
    for (const more of [{ history: 19 }, { history: 20, scarce: true }]) {
      const { passing, requests } = pursue({ meets: [silent, answers(200)], ...more });
      await passing(4_499);
      expect(requests).toHaveLength(1);
      expect(await passing(1)).toMatchObject({ value: '200 {}', atMs: 4_500 });
    }
  });

  it('then it is paid as a retry is', async () => {
    const pursuit = pursue({ meets: [silent, answers(200)] });
    while (pursuit.allowance.takeRetry());
    expect(await pursuit.passing(15_000)).toMatchObject(failing('upstream_timeout'));
    expect(pursuit.requests).toHaveLength(1);
  });

  it('not where there is no other exit', async () => {
    const pursuit = pursue({ meets: [silent], exits: 1 });
    await pursuit.passing(15_000);
    let retries = 0;
    while (pursuit.allowance.takeRetry()) retries += 1;
    expect([pursuit.requests.length, retries]).toEqual([1, 10]);
  });

  it('a 200 of it wins over a first 503 that came meanwhile', async () => {
    const { passing, requests, clock } = pursue({ meets: [silent, silent] });
    await passing(5_000);
    requests[0]?.head(503).end();
    await clock.pass(100);
    requests[1]?.head(200).data('{}').end();
    expect(await passing(0)).toMatchObject({ value: '200 {}' });
    expect(requests).toHaveLength(2);
  });

  it('a refusal wins at once, and the loser is drained', async () => {
    const failure = new Failure('not_a_directory', 'a file');
    const { passing, requests, settled, told, open } = pursue(
      { meets: [silent, silent] },
      { refuse: () => failure },
    );
    await passing(5_000);
    requests[0]?.head(200).end();
    expect(await passing(0)).toMatchObject({ failure, atMs: 5_000 });
    expect(requests[1]?.aborted).toBeNull();
    expect(open()).toBe(1);
    requests[1]?.head(200).end();
    expect(settled.map(({ end }) => end)).toMatchObject([
      { kind: 'answered' },
      { kind: 'answered', status: 200 },
    ]);
    expect(told.map(({ verdict }) => verdict)).toEqual(['answered', 'answered']);
  });

  it.each([
    [429, JSON_TYPE, 'spent', 'answered'],
    [503, JSON_TYPE, 'upstream_error', 'answered'],
    [408, JSON_TYPE, 'upstream_error', 'answered'],
    [403, HTML, 'blocked', 'blocked'],
    [304, {}, 'unchanged', 'answered'],
    [200, JSON_TYPE, 'answered', 'answered'],
  ] as const)('a loser’s %i teaches its exit all the same', async (status, headers, verdict, kind) => {
    const { passing, requests, settled, told } = pursue({ meets: [silent, answers(200)] });
    await passing(5_000);
    requests[0]?.head(status, headers).end();
    expect(settled[1]).toMatchObject({ exit: 'exit 0', end: { kind } });
    expect(told[1]).toMatchObject({ verdict, status });
  });

  it('a loser that stays silent is a fault of its exit', async () => {
    const { passing, settled, told } = pursue({ meets: [silent, answers(200)] });
    await passing(4_500 + 3_000);
    expect(settled[1]).toMatchObject({
      exit: 'exit 0',
      end: { kind: 'fault', fault: { verdict: 'timeout' }, sent: true },
    });
    expect(told[1]).toMatchObject({ verdict: 'timeout', status: null });
  });

  it('a loser whose tunnel has not opened is never sent, and gives back', async () => {
    const { passing, requests, settled, told } = pursue({ meets: [() => {}, answers(200)] });
    await passing(5_000);
    requests[0]?.begin();
    expect(requests[0]?.sent).toBe(false);
    expect(settled[1]).toMatchObject({ exit: 'exit 0', end: { kind: 'abandoned', sent: false } });
    expect(told[1]).toMatchObject({ verdict: 'abandoned', bytesUp: 0 });
  });

  it('counts as an attempt', async () => {
    const { passing, requests } = pursue({
      meets: [silent, answers(503), answers(503), answers(503)],
      deadlineMs: 60_000,
    });
    await passing(18_000);
    requests[0]?.head(503).end();
    await passing(20_000);
    expect(requests).toHaveLength(4);
  });

  it('that finds no exit leaves the first one to end the call', async () => {
    const pursuit = pursue({ meets: [silent] });
    const { reserve } = pursuit.pool;
    let calls = 0;
    pursuit.pool.reserve = (payer, avoid) => {
      calls += 1;
      return calls === 1 ? reserve(payer, avoid) : Promise.reject(new Failure('exits_exhausted', 'x'));
    };
    await pursuit.passing(5_000);
    pursuit.requests[0]?.head(200).data('{}').end();
    expect(await pursuit.passing(0)).toMatchObject({ value: '200 {}' });
  });
});

describe('a caller who hangs up', () => {
  it('ends the call at once; what was sent is drained, and nothing more is sent', async () => {
    const { passing, hangUp, requests, settled } = pursue({ meets: [silent] });
    await passing(100);
    hangUp.abort();
    expect(await passing(0)).toMatchObject({ ...failing('upstream_timeout'), atMs: 100 });
    expect(settled).toEqual([]);
    requests[0]?.head(200).data('{}').end();
    expect([requests[0]?.aborted, settled]).toMatchObject([
      null,
      [{ end: { kind: 'answered', status: 200 } }],
    ]);
    await passing(20_000);
    expect(requests).toHaveLength(1);
  });

  it('after the call is heard by nobody', async () => {
    const { passing, hangUp } = pursue({ meets: [silent] });
    await passing(0);
    expect(getEventListeners(hangUp.signal, 'abort').length).toBeGreaterThan(0);
    await passing(30_000);
    expect(getEventListeners(hangUp.signal, 'abort')).toEqual([]);
  });

  it('and is slow to answer is not the exit’s fault', async () => {
    const { passing, hangUp, settled, told } = pursue({ meets: [silent] });
    await passing(100);
    hangUp.abort();
    await passing(3_000);
    expect(settled).toMatchObject([{ end: { kind: 'abandoned', sent: true } }]);
    expect(told).toMatchObject([{ verdict: 'abandoned' }]);
  });

  it('before anything began: nothing begins', async () => {
    const controller = AbortSignal.abort();
    const clock = createVirtualClock();
    const { pool, taken } = createFakePool({ meets: [silent] }, () => 0);
    const base = upstreamBaseOf('https://api.bitbucket.org/2.0');
    const tools = {
      pool,
      base,
      allowance: new Allowance(),
      latencies: new Latencies(),
      clock,
      telemetry: silentTelemetry,
      soon: (work: () => void) => work(),
      random: () => 0,
    };
    const call = {
      accountId: 'a',
      weight: 1,
      deadlineAtMs: 9e9,
      hangUp: controller,
      requestId: 'r',
      attempts: [],
      spares: new Spares(),
      room: unboundedHold,
    };
    const request = { target: '/x', read: () => 1 };
    await expect(new Pursuit(tools, call).run(request)).rejects.toMatchObject({
      code: 'upstream_timeout',
      message: 'The caller hung up.',
    });
    expect(taken()).toBe(0);
  });

  it('while an exit is reserved: it is given back, unsent', async () => {
    const { hangUp, passing, settled, requests } = pursue({ meets: [silent] });
    hangUp.abort();
    await passing(0);
    expect(settled).toMatchObject([{ end: { kind: 'abandoned', sent: false } }]);
    expect(requests).toEqual([]);
  });

  it('in the pause before a retry: no retry', async () => {
    const { hangUp, passing, requests, done } = pursue({ meets: [answers(503)] });
    await passing(10);
    hangUp.abort();
    await done;
    await passing(1_000);
    expect(requests).toHaveLength(1);
  });
});

it('whatever attempts meet: at most four, each settled and told once, none sent after the end', async () => {
  const reacts: Readonly<Record<string, React>> = {
    ok: answers(200),
    late: silent,
    tunnelling: () => {},
    refused,
    429: answers(429),
    503: answers(503),
    403: answers(403, '<p>', HTML),
    half: answers(200, ''),
    cut: (request) => void request.begin().fail(new Error('cut')),
    redirect: answers(302, '', { location: '/2.0/x' }),
    404: answers(404),
  };
  const meets = fc.array(fc.constantFrom(...Object.keys(reacts)), { minLength: 1, maxLength: 6 });
  const property = fc.asyncProperty(
    meets,
    fc.integer({ min: 1, max: 5 }),
    fc.option(fc.nat(16_000)),
    async (names, exits, hangUpMs) => {
      const read = ({ body }: UpstreamAnswer) => (body.plain().length === 0 ? null : 1);
      const pursuit = pursue(
        { meets: names.map((name) => reacts[name] as React), exits, history: 20 },
        { read },
      );
      if (hangUpMs !== null) {
        await pursuit.passing(hangUpMs);
        pursuit.hangUp.abort();
      }
      await pursuit.passing(30_000);
      const unsent = pursuit.requests.filter((request) => !request.sent && request.aborted === null);
      expect(pursuit.requests.length).toBeLessThanOrEqual(4);
      expect([pursuit.open(), pursuit.settled.length, pursuit.told.length]).toEqual([
        0,
        pursuit.taken(),
        pursuit.requests.length,
      ]);
      expect('value' in pursuit.outcome || pursuit.outcome.failure instanceof Failure).toBe(true);
      for (const request of unsent) expect(request.begin().sent).toBe(false);
    },
  );
  await fc.assert(property, { numRuns: 200 });
});
