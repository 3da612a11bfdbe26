import { gzipSync } from 'node:zlib';
import nock from 'nock';
import { Agent } from 'undici';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { unboundedHold } from '../../../src/domain/bytes-in-flight.ts';
import { systemClock } from '../../../src/domain/clock.ts';
import { Failure } from '../../../src/domain/failure.ts';
import { Spares } from '../../../src/domain/spares.ts';
import { type AttemptEnded, silentTelemetry } from '../../../src/domain/telemetry.ts';
import type { UpstreamRequest } from '../../../src/domain/upstream.ts';
import { Latencies } from '../../../src/egress/attempts/latencies.ts';
import { upstreamBaseOf } from '../../../src/egress/attempts/redirect.ts';
import { tryExit } from '../../../src/egress/attempts/try-exit.ts';
import { createFairQueue } from '../../../src/egress/exits/fair-queue.ts';
import type { AttemptEnd } from '../../../src/egress/exits/port.ts';

/**
 * What one attempt makes of a status, headers and a body, through undici's own dispatch: nock answers in Bitbucket's
 * place. What needs a socket (time-outs, cuts, certificates, tunnels) is tested against the stand-in.
 */
const bitbucket = () => nock('https://api.bitbucket.org').get('/2.0/repositories/a/b');
let agent: Agent;
beforeAll(() => {
  nock.disableNetConnect();
  agent = new Agent();
});
afterEach(() => {
  expect(nock.pendingMocks()).toEqual([]);
  nock.cleanAll();
});
afterAll(async () => {
  nock.restore();
  nock.enableNetConnect();
  await agent.close();
});

/** One attempt: its verdict, what its exit was told and what telemetry was. */
async function attempt(asked: Partial<UpstreamRequest<unknown>> = {}) {
  const ends: AttemptEnd[] = [];
  const told: AttemptEnded[] = [];
  const request = {
    target: '/repositories/a/b',
    read: ({ body }: { readonly body: { plain(): Buffer } }) => body.plain().toString(),
    ...asked,
  };
  const { verdict } = tryExit({
    soon: (work) => work(),
    reservation: {
      exit: { label: 'exit', source: 'list', connection: () => agent, queue: createFairQueue(1) },
      settle: (end) => void ends.push(end),
    },
    request,
    call: {
      accountId: 'a',
      weight: 1,
      deadlineAtMs: systemClock.monotonic() + 10_000,
      hangUp: new AbortController().signal,
      requestId: 'r',
      attempts: [],
      spares: new Spares(),
      room: unboundedHold,
    },
    isHedge: false,
    base: upstreamBaseOf('https://api.bitbucket.org/2.0'),
    clock: systemClock,
    telemetry: { ...silentTelemetry, attemptEnded: (end) => void told.push(end) },
    latencies: new Latencies(),
    circumstances: () => ({ hasFailed500: false, hadBrownOut: false }),
  });
  return { verdict: await verdict, ends, told };
}

const JSON_TYPE = { 'content-type': 'application/json; charset=utf-8' };
const ID = { ...JSON_TYPE, 'X-Request-Id': 'b7' };
const LIMITS = {
  'X-RateLimit-Limit': '60, 60;w=3600',
  'X-RateLimit-Remaining': '12',
  'X-RateLimit-Reset': '900',
};

describe('an answer', () => {
  it('is what the row reads, its headers in lower case, and the exit learns from them', async () => {
    bitbucket().reply(200, '{"a":1}', { ...ID, ...LIMITS });
    const { verdict, ends, told } = await attempt({
      read: ({ requestId, body }) => `${requestId} ${body.plain()}`,
    });
    expect(verdict).toEqual({ kind: 'answer', value: 'b7 {"a":1}' });
    expect(ends).toMatchObject([
      {
        kind: 'answered',
        status: 200,
        headers: { 'x-ratelimit-remaining': '12', 'x-ratelimit-reset': '900' },
      },
    ]);
    expect(told).toMatchObject([
      { verdict: 'answered', status: 200, exit: 'exit', source: 'list', requestId: 'r' },
    ]);
    expect(told[0]?.bytesDown).toBeGreaterThan(7);
  });

  it('is asked for as the gateway asks', async () => {
    nock('https://api.bitbucket.org', {
      reqheaders: {
        accept: 'application/json',
        'accept-encoding': 'gzip',
        'user-agent': /^bitbucket-gateway\//,
        'if-none-match': '"a", W/"b"',
      },
      badheaders: ['authorization', 'cookie', 'x-oanor-key'],
    })
      .get('/2.0/repositories/a/b')
      .reply(304, undefined, { etag: '"a"' });
    const { verdict, told } = await attempt({
      ifNoneMatch: ['"a"', 'W/"b"'],
      read: ({ status, headers }) => `${status} ${headers.etag}`,
    });
    expect([verdict, told[0]?.verdict]).toEqual([{ kind: 'answer', value: '304 "a"' }, 'unchanged']);
  });

  it('in gzip stays as it came', async () => {
    const wire = gzipSync('{"a":1}');
    bitbucket().reply(200, wire, { ...JSON_TYPE, 'Content-Encoding': 'gzip' });
    const { verdict } = await attempt({
      read: ({ body }) => [body.encoding, Buffer.concat(body.wire).equals(wire), body.plain().toString()],
    });
    expect(verdict).toEqual({ kind: 'answer', value: ['gzip', true, '{"a":1}'] });
  });

  it('repeated headers are joined', async () => {
    bitbucket().reply(200, '{}', { ...JSON_TYPE, 'X-Twice': ['1', '2'] as never });
    const { verdict } = await attempt({ read: ({ headers }) => headers['x-twice'] ?? null });
    expect(verdict).toEqual({ kind: 'answer', value: '1, 2' });
  });

  it('that the row refuses by its head ends there', async () => {
    bitbucket().reply(200, 'README', { 'content-type': 'text/plain', 'content-disposition': 'attachment' });
    const failure = new Failure('not_a_directory', 'a file');
    const refuse: UpstreamRequest<unknown>['refuse'] = ({ headers }) =>
      headers['content-disposition'] === 'attachment' ? failure : undefined;
    expect((await attempt({ refuse })).verdict).toEqual({ kind: 'refusal', failure });
  });
});

describe('a status', () => {
  const HTML = { 'content-type': 'text/html' };
  it.each([
    [301, { location: '/2.0/x' }, 'redirect', null, 'answered', 'answered'],
    [400, ID, 'refusal', 'upstream_rejected', 'answered', 'answered'],
    [401, ID, 'refusal', 'upstream_not_found', 'answered', 'answered'],
    [403, ID, 'refusal', 'upstream_forbidden', 'answered', 'answered'],
    [403, HTML, 'elsewhere', 'upstream_failed', 'blocked', 'blocked'],
    [404, ID, 'refusal', 'upstream_not_found', 'answered', 'answered'],
    [404, HTML, 'refusal', 'upstream_not_found', 'answered', 'answered'],
    [408, ID, 'elsewhere', 'upstream_failed', 'answered', 'upstream_error'],
    [410, ID, 'refusal', 'upstream_gone', 'answered', 'answered'],
    [429, { 'content-type': 'text/plain' }, 'elsewhere', 'exits_exhausted', 'answered', 'spent'],
    [500, ID, 'elsewhere', 'upstream_failed', 'answered', 'upstream_error'],
    [502, HTML, 'elsewhere', 'upstream_failed', 'blocked', 'blocked'],
    [555, ID, 'elsewhere', 'upstream_failed', 'answered', 'upstream_error'],
  ] as const)('%i %j: %s %s; the exit: %s; telemetry: %s', async (status, headers, kind, code, end, name) => {
    bitbucket().reply(status, '{"error":{"message":"Bad"}}', headers);
    const { verdict, ends, told } = await attempt();
    expect(verdict.kind).toBe(kind);
    expect('failure' in verdict ? (verdict.failure as Failure).code : null).toBe(code);
    expect(ends).toMatchObject([{ kind: end }]);
    expect(told).toMatchObject([{ verdict: name, status }]);
  });

  it('429: when, is said by Retry-After within bounds', async () => {
    bitbucket().reply(429, 'Rate limit for this resource has been exceeded', { 'retry-after': '1800' });
    expect((await attempt()).verdict).toMatchObject({ failure: { retryAfterMs: 1_800_000 } });
    bitbucket().reply(429, '', { 'retry-after': '999999999' });
    expect((await attempt()).verdict).toMatchObject({ failure: { retryAfterMs: 3_600_000 } });
  });
});

describe('a body', () => {
  it.each([
    ['half an object', '{"a":', JSON_TYPE],
    ['damaged gzip', 'nonsense', { ...JSON_TYPE, 'content-encoding': 'gzip' }],
    ['an encoding that nobody asked for', '{}', { ...JSON_TYPE, 'content-encoding': 'zstd' }],
    ['a page', '<p>', { 'content-type': 'text/html' }],
    ['no type', '{}', {}],
  ])('%s: elsewhere', async (_name, body, headers) => {
    bitbucket().reply(200, body, headers);
    const read: UpstreamRequest<unknown>['read'] = (answer) => {
      const text = answer.body.plain().toString();
      return text.endsWith('}') ? text : null;
    };
    expect((await attempt({ read })).verdict).toMatchObject({
      kind: 'elsewhere',
      when: 'after jitter',
      why: 'failed',
    });
  });

  it('that says in its head that it is above 8 MB: never again', async () => {
    bitbucket().reply(200, '{}', {
      ...JSON_TYPE,
      'content-encoding': 'gzip',
      'content-length': String(9 * 1024 * 1024),
    });
    const { verdict, told } = await attempt();
    expect(verdict).toMatchObject({ kind: 'refusal', failure: { code: 'upstream_failed' } });
    expect(told).toMatchObject([{ verdict: 'too_large' }]);
  });
});

it('a connection that fails is a fault, and tells how', async () => {
  bitbucket().replyWithError(Object.assign(new Error('reset'), { code: 'ECONNRESET' }));
  const { verdict, ends } = await attempt();
  expect(verdict).toMatchObject({ kind: 'elsewhere', failure: { code: 'upstream_failed' } });
  expect(ends).toMatchObject([{ kind: 'fault' }]);
});
