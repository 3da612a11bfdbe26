import { randomBytes } from 'node:crypto';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { Failure } from '../../../src/domain/failure.ts';
import { BodyError, type UpstreamAnswer, type UpstreamRequest } from '../../../src/domain/upstream.ts';
import type { Result } from '../../../src/egress/attempts/result.ts';
import { type AttemptCircumstances, judge } from '../../../src/egress/attempts/verdict.ts';
import { JSON_TYPE } from './fake-dispatcher.ts';

const HTML = { 'content-type': 'text/html; charset=utf-8' };
const NOW_MS = Date.parse('2026-11-24T12:00:00Z');
const plainOf = (answer: UpstreamAnswer): unknown => answer.body.plain().toString();

interface Asked {
  readonly target?: string;
  readonly read?: (answer: UpstreamAnswer) => unknown;
  readonly ifNoneMatch?: readonly string[];
  readonly about?: Partial<AttemptCircumstances>;
}

function judged(result: Exclude<Result, { kind: 'abandoned' }>, asked: Asked = {}) {
  const { target = '/repositories/a/b', read = plainOf, ifNoneMatch, about } = asked;
  const request: UpstreamRequest<unknown> = { target, read, ...(ifNoneMatch && { ifNoneMatch }) };
  return judge(result, { request, nowMs: NOW_MS, hasFailed500: false, hadBrownOut: false, ...about });
}

const answerOf = (
  status: number,
  headers: Record<string, string> = JSON_TYPE,
  body: string | Buffer = '{}',
) =>
  ({
    kind: 'answer',
    head: { status, headers },
    wire: body.length === 0 ? [] : [Buffer.from(body)],
  }) as const;

/** `name kind when why code` */
function told(named: ReturnType<typeof judge>): string {
  const { name, verdict } = named;
  if (verdict.kind === 'answer') return `${name} answer ${String(verdict.value)}`;
  if (verdict.kind === 'redirect') return `${name} redirect ${verdict.location}`;
  const code = (verdict.failure as Failure).code;
  if (verdict.kind === 'refusal') return `${name} refusal ${code}`;
  return `${name} ${verdict.when} ${verdict.why} ${code}`;
}

describe('what an answer means', () => {
  it.each([
    [200, JSON_TYPE, 'answered answer {}'],
    [200, { 'content-type': 'application/hal+json' }, 'answered answer {}'],
    [200, { 'content-type': 'APPLICATION/JSON' }, 'answered answer {}'],
    [299, JSON_TYPE, 'answered answer {}'],
    [200, HTML, 'blocked after jitter failed upstream_failed'],
    [200, { 'content-type': 'text/plain' }, 'broken after jitter failed upstream_failed'],
    [200, { 'content-type': 'application/jsonp' }, 'broken after jitter failed upstream_failed'],
    [200, {}, 'broken after jitter failed upstream_failed'],
    [301, { location: '/x' }, 'answered redirect /x'],
    [302, { location: '/x' }, 'answered redirect /x'],
    [307, { location: '/x' }, 'answered redirect /x'],
    [300, { location: '/x' }, 'answered redirect /x'],
    [300, { ...HTML, location: '/x' }, 'answered redirect /x'],
    [302, {}, 'answered refusal upstream_failed'],
    [304, { location: '/x' }, 'answered refusal upstream_failed'],
    [400, JSON_TYPE, 'answered refusal upstream_rejected'],
    [400, { location: '/x' }, 'answered refusal upstream_rejected'],
    [403, { 'content-type': 'x-text/html' }, 'answered refusal upstream_forbidden'],
    [200, { 'content-type': 'x-application/json' }, 'broken after jitter failed upstream_failed'],
    [400, HTML, 'answered refusal upstream_rejected'],
    [401, JSON_TYPE, 'answered refusal upstream_not_found'],
    [403, JSON_TYPE, 'answered refusal upstream_forbidden'],
    [403, { 'content-type': 'text/plain' }, 'answered refusal upstream_forbidden'],
    [403, HTML, 'blocked after jitter failed upstream_failed'],
    [403, { 'content-type': 'TEXT/HTML' }, 'blocked after jitter failed upstream_failed'],
    [404, JSON_TYPE, 'answered refusal upstream_not_found'],
    [404, HTML, 'answered refusal upstream_not_found'],
    [408, JSON_TYPE, 'upstream_error after jitter failed upstream_failed'],
    [410, JSON_TYPE, 'answered refusal upstream_gone'],
    [418, JSON_TYPE, 'answered refusal upstream_failed'],
    [429, { 'content-type': 'text/plain' }, 'spent at once spent exits_exhausted'],
    [429, HTML, 'spent at once spent exits_exhausted'],
    [500, JSON_TYPE, 'upstream_error after jitter failed upstream_failed'],
    [503, HTML, 'blocked after jitter failed upstream_failed'],
    [500, HTML, 'blocked after jitter failed upstream_failed'],
    [555, {}, 'upstream_error after jitter failed upstream_failed'],
  ] as const)('%i %j: %s', (status, headers, expected) => {
    expect(told(judged(answerOf(status, headers)))).toBe(expected);
  });

  it('carries Bitbucket’s own request id and status', () => {
    for (const result of [
      answerOf(500, { ...JSON_TYPE, 'x-request-id': 'b7' }),
      answerOf(403, { ...HTML, 'x-request-id': 'b7' }),
      answerOf(200, { ...HTML, 'x-request-id': 'b7' }),
      answerOf(404, { ...JSON_TYPE, 'x-request-id': 'b7' }),
      answerOf(429, { 'x-request-id': 'b7' }),
      { kind: 'too_large', head: { status: 200, headers: { 'x-request-id': 'b7' } } } as const,
    ]) {
      const { verdict } = judged(result);
      expect('failure' in verdict && verdict.failure).toMatchObject({ upstreamRequestId: 'b7' });
    }
    const { verdict } = judged(answerOf(503, JSON_TYPE));
    expect('failure' in verdict && verdict.failure.message).toBe('Bitbucket failed (status 503).');
  });
});

describe('what a 429 says about when', () => {
  const restOf = (headers: Record<string, string>) => {
    const { verdict } = judged(answerOf(429, headers));
    return 'failure' in verdict ? (verdict.failure as Failure).retryAfterMs : undefined;
  };
  it.each([
    [{ 'retry-after': '1800' }, 1_800_000],
    [{ 'retry-after': '0' }, 1_000],
    [{ 'retry-after': '999999999' }, 3_600_000],
    [{ 'retry-after': 'Tue, 24 Nov 2026 12:10:00 GMT' }, 600_000],
    [{ 'x-ratelimit-reset': '120' }, 120_000],
    [{}, 60_000],
  ])('%j: %i ms, told to the caller', (headers, expected) => {
    expect(restOf(headers as Record<string, string>)).toBe(expected);
  });
});

describe('reading', () => {
  it.each([
    ['null is half an answer', () => null],
    [
      'a damaged body is too',
      () => {
        throw new BodyError('damaged');
      },
    ],
  ])('%s: elsewhere', (_name, read) => {
    expect(told(judged(answerOf(200), { read }))).toBe('broken after jitter failed upstream_failed');
  });

  it('what else it throws is a fault of ours and is passed on', () => {
    const bug = new TypeError('x');
    const { verdict } = judged(answerOf(200), {
      read: () => {
        throw bug;
      },
    });
    expect(verdict).toEqual({ kind: 'refusal', failure: bug });
  });

  it('is handed status, headers, body and request id', () => {
    const headers = { ...JSON_TYPE, 'x-request-id': 'b7' };
    const { verdict } = judged(answerOf(200, headers), {
      read: ({ status, headers: given, requestId }) => ({ status, given, requestId }),
    });
    expect(verdict).toEqual({ kind: 'answer', value: { status: 200, given: headers, requestId: 'b7' } });
  });

  it('gzip as it came, text when asked for', () => {
    const wire = gzipSync('{"a":1}');
    const result = answerOf(200, { ...JSON_TYPE, 'content-encoding': 'gzip' }, wire);
    const read = ({ body }: UpstreamAnswer) => `${body.encoding} ${body.wire.length} ${body.plain()}`;
    expect(told(judged(result, { read }))).toBe('answered answer gzip 1 {"a":1}');
  });

  it('br, though it was not asked for', () => {
    const result = answerOf(200, { ...JSON_TYPE, 'content-encoding': 'br' }, brotliCompressSync('{}'));
    expect(told(judged(result))).toBe('answered answer {}');
  });

  it('an encoding that nobody asked for is broken', () => {
    const result = answerOf(200, { ...JSON_TYPE, 'content-encoding': 'zstd' });
    expect(told(judged(result))).toBe('broken after jitter failed upstream_failed');
  });

  it('above 32 MB: never again', () => {
    const bomb = gzipSync(randomBytes(64 * 1024));
    bomb.writeUInt32LE(33 * 1024 * 1024, bomb.length - 4);
    const result = answerOf(200, { ...JSON_TYPE, 'content-encoding': 'gzip' }, bomb);
    expect(told(judged(result))).toBe('too_large refusal upstream_failed');
  });

  it('a 304 to If-None-Match is an answer with an empty body', () => {
    const read = ({ status, body }: UpstreamAnswer) => `${status} ${body.plain().length} ${body.wire.length}`;
    const result = answerOf(304, { 'content-encoding': 'gzip' }, '');
    expect(told(judged(result, { read, ifNoneMatch: ['"a"'] }))).toBe('unchanged answer 304 0 0');
  });
});

it('a 200 to If-None-Match is read with its body', () => {
  expect(told(judged(answerOf(200, JSON_TYPE, '{"a":1}'), { ifNoneMatch: ['"a"'] }))).toBe(
    'answered answer {"a":1}',
  );
});

describe('a query', () => {
  const target = '/repositories/a/b/refs/tags?pagelen=30&q=name~%22x%22';
  it('that meets a 500 is asked once more, and then blamed', () => {
    const first = judged(answerOf(500), { target });
    expect(told(first)).toBe('upstream_error after jitter failed upstream_failed');
    expect(first.verdict).toMatchObject({
      cause: '500',
      failure: { message: expect.stringContaining('`q`') },
    });
    const second = judged(answerOf(500), { target, about: { hasFailed500: true } });
    expect(told(second)).toBe('upstream_error refusal upstream_failed');
  });

  it('is not blamed for a 503', () => {
    const { verdict } = judged(answerOf(503), { target, about: { hasFailed500: true } });
    expect(verdict).toMatchObject({ kind: 'elsewhere' });
    expect(verdict).not.toHaveProperty('cause');
  });

  it('that is none is not blamed at all', () => {
    const { verdict } = judged(answerOf(500), { target: '/x?seq=1', about: { hasFailed500: true } });
    expect(verdict).toMatchObject({
      kind: 'elsewhere',
      failure: { message: 'Bitbucket failed (status 500).' },
    });
  });

  it.each(['/x?q=1', '/x?a=b&q=1'])('%s has one', (other) => {
    const { verdict } = judged(answerOf(500), { target: other });
    expect(verdict).toMatchObject({ failure: { message: expect.stringContaining('`q`') } });
  });
});

describe('a brown-out', () => {
  const gone = answerOf(
    410,
    JSON_TYPE,
    '{"error":{"message":"CHANGE-2770 - Functionality has been deprecated"}}',
  );
  it('of a workspace is asked once more, at once', () => {
    const first = judged(gone, { target: '/workspaces/acme' });
    expect(told(first)).toBe('answered at once failed upstream_gone');
    expect(first.verdict).toMatchObject({ cause: 'brown-out' });
    expect(told(judged(gone, { target: '/workspaces/acme', about: { hadBrownOut: true } }))).toBe(
      'answered refusal upstream_gone',
    );
  });
  it('is nothing but gone elsewhere, or with other words', () => {
    expect(told(judged(gone))).toBe('answered refusal upstream_gone');
    expect(told(judged(gone, { target: '/x/workspaces/' }))).toBe('answered refusal upstream_gone');
    const missing = answerOf(404, JSON_TYPE, '{"error":{"message":"CHANGE-2770"}}');
    expect(told(judged(missing, { target: '/workspaces/acme' }))).toBe('answered refusal upstream_not_found');
    expect(told(judged(answerOf(410), { target: '/workspaces/acme' }))).toBe(
      'answered refusal upstream_gone',
    );
  });
});

describe('no answer', () => {
  const faultOf = (verdict: 'refused' | 'credentials' | 'timeout' | 'broken', sent: boolean) =>
    judged({ kind: 'fault', fault: { verdict, words: 'words' }, sent });

  it.each([
    ['refused', false, 'refused at once unreached upstream_failed'],
    ['credentials', false, 'credentials at once unreached upstream_failed'],
    ['timeout', false, 'timeout at once unreached upstream_failed'],
    ['timeout', true, 'timeout at once late upstream_timeout'],
    ['broken', true, 'broken after jitter failed upstream_failed'],
    ['broken', false, 'broken at once unreached upstream_failed'],
  ] as const)('%s, sent: %s: %s', (verdict, sent, expected) => {
    const named = faultOf(verdict, sent);
    expect(told(named)).toBe(expected);
    expect('failure' in named.verdict && named.verdict.failure.cause).toBe('words');
  });

  it('because a row refused the head: what it returned', () => {
    const failure = new Failure('not_a_directory', 'a file');
    expect(judged({ kind: 'refused', head: { status: 200, headers: {} }, failure })).toEqual({
      name: 'answered',
      verdict: { kind: 'refusal', failure },
    });
  });

  it('because it was too large, or had no room until the deadline', () => {
    expect(told(judged({ kind: 'too_large', head: { status: 200, headers: {} } }))).toBe(
      'too_large refusal upstream_failed',
    );
    const noRoom = judged({ kind: 'no_room' });
    expect(told(noRoom)).toBe('timeout refusal overloaded');
    expect(noRoom.verdict).toMatchObject({
      failure: { retryAfterMs: 1_000, message: expect.stringMatching(/room/) },
    });
  });
});

it('says in words what happened', () => {
  const messages = [
    judged(answerOf(200, HTML)),
    judged(answerOf(200), { read: () => null }),
    judged(answerOf(200, { 'content-type': 'text/csv' })),
    judged(answerOf(429)),
    judged({ kind: 'fault', fault: { verdict: 'refused', words: '' }, sent: false }),
    judged({ kind: 'fault', fault: { verdict: 'timeout', words: '' }, sent: true }),
    judged({ kind: 'too_large', head: { status: 200, headers: {} } }),
  ].map(({ verdict }) => 'failure' in verdict && verdict.failure.message);
  expect(messages).toEqual([
    'Bitbucket sent a page instead of data. Try again.',
    'Bitbucket sent an answer that is not whole. Try again.',
    'Bitbucket sent a page instead of data. Try again.',
    'Bitbucket says that too many calls were made. Wait as long as Retry-After says.',
    'Bitbucket could not be read. Try again.',
    'Bitbucket did not answer in time. Try again.',
    'Bitbucket sent more than this gateway takes.',
  ]);
});
