import { randomBytes } from 'node:crypto';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BodyError } from '../../../src/domain/upstream.ts';
import { Allowance } from '../../../src/egress/attempts/allowance.ts';
import { createBody, startOf } from '../../../src/egress/attempts/body.ts';
import { encodingOf } from '../../../src/egress/attempts/encoding.ts';
import { headOf, headSizeOf } from '../../../src/egress/attempts/head.ts';
import { BodyTooLargeError, inflatedLength, MAX_BODY_BYTES } from '../../../src/egress/attempts/inflate.ts';
import { Latencies } from '../../../src/egress/attempts/latencies.ts';
import { redirectTarget, upstreamBaseOf } from '../../../src/egress/attempts/redirect.ts';
import { refusalOf } from '../../../src/egress/attempts/refusal.ts';
import { createRandom } from '../exits/world.ts';

describe('the allowance', () => {
  const retriesOf = (allowance: Allowance) => {
    let taken = 0;
    while (taken < 100 && allowance.takeRetry()) taken += 1;
    return taken;
  };

  it('has ten retries saved up at the start, and no hedge', () => {
    const allowance = new Allowance();
    expect([allowance.hasHedge, allowance.takeHedge(), retriesOf(allowance)]).toEqual([false, false, 10]);
  });

  it('earns a retry with five calls and a hedge with twenty', () => {
    const allowance = new Allowance();
    retriesOf(allowance);
    for (let i = 0; i < 4; i += 1) allowance.earn();
    expect(retriesOf(allowance)).toBe(0);
    allowance.earn();
    allowance.earn();
    expect(retriesOf(allowance)).toBe(1);
    for (let i = 0; i < 13; i += 1) allowance.earn();
    expect(allowance.hasHedge).toBe(false);
    allowance.earn();
    allowance.earn();
    expect([allowance.hasHedge, allowance.takeHedge(), allowance.takeHedge()]).toEqual([true, true, false]);
  });

  it('never saves more than ten retries and five hedges', () => {
    const allowance = new Allowance();
    for (let i = 0; i < 1_000; i += 1) allowance.earn();
    let hedges = 0;
    while (hedges < 100 && allowance.takeHedge()) hedges += 1;
    expect([hedges, retriesOf(allowance)]).toEqual([5, 10]);
  });

  it('over any history: retries within a fifth and ten, hedges within a twentieth of the calls', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('call', 'retry', 'hedge'), { maxLength: 500 }), (history) => {
        const allowance = new Allowance();
        const count = { call: 0, retry: 0, hedge: 0 };
        for (const step of history) {
          if (step === 'call') allowance.earn();
          if (step === 'call' || (step === 'retry' ? allowance.takeRetry() : allowance.takeHedge()))
            count[step] += 1;
        }
        return count.retry <= 10 + count.call * 0.2 + 1e-9 && count.hedge <= count.call * 0.05 + 1e-9;
      }),
    );
  });
});

describe('how late is late', () => {
  it('is not said before twenty answers are known', () => {
    const latencies = new Latencies();
    for (let i = 0; i < 19; i += 1) latencies.note(100);
    expect(latencies.p95Ms).toBeUndefined();
    latencies.note(50);
    expect(latencies.p95Ms).toBe(100);
  });

  it.each([
    ['even', (random: () => number) => 100 + random() * 900, 955],
    ['long-tailed', (random: () => number) => 100 / (1 - random() * 0.999), 1_960],
  ])('comes close to what 95 of 100 stay below: %s', (_name, draw, expected) => {
    const random = createRandom(7);
    const latencies = new Latencies();
    let sum = 0;
    for (let i = 0; i < 20_000; i += 1) {
      latencies.note(draw(random));
      if (i >= 10_000) sum += latencies.p95Ms ?? 0;
    }
    expect(Math.abs(sum / 10_000 / expected - 1)).toBeLessThan(0.15);
  });

  it('follows when answers become slower, at once, and when they become quicker, in time', () => {
    const latencies = new Latencies();
    for (let i = 0; i < 1_000; i += 1) latencies.note(100 + (i % 10));
    expect(latencies.p95Ms).toBeLessThan(130);
    for (let i = 0; i < 60; i += 1) latencies.note(2_000);
    expect(latencies.p95Ms).toBeGreaterThan(1_900);
    for (let i = 0; i < 2_000; i += 1) latencies.note(100);
    expect(latencies.p95Ms).toBeLessThan(130);
  });

  it('is never nothing, whatever the answers say', () => {
    const latencies = new Latencies();
    for (let i = 0; i < 30; i += 1) latencies.note(0);
    expect(latencies.p95Ms).toBeGreaterThan(0.5);
  });
});

describe('a redirect', () => {
  const bitbucket = upstreamBaseOf('https://api.bitbucket.org/2.0');
  const mirror = upstreamBaseOf('https://mirror.example:8443/bb/2.0/');
  const FROM = '/repositories/a/b?x=1';

  it.each([
    ['https://api.bitbucket.org/2.0/repositories/c/d?y=2', '/repositories/c/d?y=2'],
    ['/2.0/repositories/c/d', '/repositories/c/d'],
    ['c?y=2', '/repositories/a/c?y=2'],
    ['//api.bitbucket.org/2.0/x#fragment', '/x'],
    ['https://api.bitbucket.org:443/2.0/x', '/x'],
    ['https://API.bitbucket.org/2.0/x', '/x'],
    ['http://api.bitbucket.org/2.0/x', null],
    ['https://evil.example/2.0/x', null],
    ['https://api.bitbucket.org.evil.example/2.0/x', null],
    ['https://user@api.bitbucket.org/2.0/x', null],
    ['https://:pass@api.bitbucket.org/2.0/x', null],
    ['https://api.bitbucket.org:444/2.0/x', null],
    ['https://api.bitbucket.org/1.0/x', null],
    ['https://api.bitbucket.org/2.0', null],
    ['https://api.bitbucket.org/2.0/../1.0/x', null],
    ['https://mirror.example:8443/bb/2.0/x', null],
    ['https://[', null],
    ['javascript:alert(1)', null],
  ])('from Bitbucket to %s: %s', (location, expected) => {
    expect(redirectTarget(location, FROM, bitbucket)).toBe(expected);
  });

  it.each([
    ['https://mirror.example:8443/bb/2.0/x', '/x'],
    ['https://api.bitbucket.org/2.0/x?y', '/x?y'],
    ['/bb/2.0/x', '/x'],
    ['c', '/repositories/a/c'],
    ['https://mirror.example:8443/2.0/x', null],
    ['https://mirror.example/bb/2.0/x', null],
    ['https://api.bitbucket.org/bb/2.0/x', null],
  ])('behind UPSTREAM_URL to %s: %s', (location, expected) => {
    expect(redirectTarget(location, FROM, mirror)).toBe(expected);
  });
});

describe('a body', () => {
  const text = '{"a":"é"}'.repeat(500);
  const cut = (buffer: Buffer, at: number) => [buffer.subarray(0, at), buffer.subarray(at)];

  it.each([
    ['identity', Buffer.from(text)],
    ['gzip', gzipSync(text)],
  ] as const)('in %s: its pieces as they came, its text once', (encoding, wire) => {
    for (const pieces of [[wire], cut(wire, 10), cut(wire, wire.length - 2)]) {
      const body = createBody(pieces, encoding);
      expect([body.encoding, Buffer.concat(body.wire)]).toEqual([encoding, wire]);
      expect(body.plain().toString()).toBe(text);
      expect(body.plain()).toBe(body.plain());
    }
  });

  it('in br is plain from then on', () => {
    const body = createBody([brotliCompressSync(text)], 'br');
    expect([body.encoding, body.plain().toString(), Buffer.concat(body.wire).toString()]).toEqual([
      'identity',
      text,
      text,
    ]);
  });

  it('without a byte', () => {
    expect(createBody([], 'identity').plain().length).toBe(0);
    expect(createBody([], 'gzip').encoding).toBe('identity');
  });

  it.each([
    ['gzip', 'nonsense'],
    ['gzip', gzipSync(text).subarray(0, -12)],
    ['gzip', deflateSync(text)],
  ] as const)('damaged %s is told as such', (encoding, wire) => {
    const body = createBody([Buffer.from(wire)], encoding);
    expect(() => body.plain()).toThrow(BodyError);
    expect(() => body.plain()).toThrow('damaged');
  });

  it('damaged br, or an encoding that was not asked for', () => {
    expect(() => createBody([Buffer.from('nonsense')], 'br')).toThrow(BodyError);
    expect(() => createBody([Buffer.from('{}')], 'zstd')).toThrow('not asked for');
  });

  it('that says it is above 32 MB is refused before it is inflated', () => {
    const noise = gzipSync(randomBytes(64 * 1024));
    noise.writeUInt32LE(MAX_BODY_BYTES + 1, noise.length - 4);
    expect(() => createBody([noise], 'gzip').plain()).toThrow(BodyTooLargeError);
    noise.writeUInt32LE(MAX_BODY_BYTES, noise.length - 4);
    expect(() => createBody([noise], 'gzip').plain()).toThrow('damaged');
  });

  it('says what it will take, as far as that can be true', () => {
    const wire = gzipSync(text);
    const length = Buffer.byteLength(text);
    expect(inflatedLength([wire], 'gzip')).toBe(length);
    expect(inflatedLength(cut(wire, wire.length - 2), 'gzip')).toBe(length);
    expect(inflatedLength([...cut(wire, wire.length - 1), Buffer.alloc(0)], 'gzip')).toBe(length);
    expect(inflatedLength([wire], 'identity')).toBe(0);
    expect(inflatedLength([Buffer.from('abc')], 'gzip')).toBe(0);
    expect(inflatedLength([], 'gzip')).toBe(0);
    expect(inflatedLength([Buffer.from([0xff, 0xff, 0xff, 0xff])], 'gzip')).toBe(4 * 1_032);
  });

  it.each([
    [undefined, 'identity'],
    ['', 'identity'],
    ['identity', 'identity'],
    ['gzip', 'gzip'],
    [' GZIP ', 'gzip'],
    ['x-gzip', 'gzip'],
    ['br', 'br'],
    ['zstd', 'unknown'],
    ['gzip, br', 'unknown'],
    ['constructor', 'unknown'],
  ])('content-encoding %j is %s', (header, expected) => {
    expect(encodingOf(header)).toBe(expected);
  });

  it('its start is enough to see what it says, however long it is', () => {
    const long = Buffer.alloc(1024 * 1024, 'a long error ');
    for (const [wire, encoding] of [
      [long, 'identity'],
      [gzipSync(long), 'gzip'],
      [brotliCompressSync(long), 'br'],
    ] as const) {
      const start = startOf([wire], encoding);
      expect(start.length).toBeLessThanOrEqual(16 * 1024);
      expect(start.toString()).toMatch(/^a long error a long error/);
    }
    expect(startOf([gzipSync('short')], 'gzip').toString()).toBe('short');
    expect(startOf([Buffer.from('nonsense')], 'gzip').length).toBe(0);
    expect(startOf([Buffer.from('nonsense')], 'br').length).toBe(0);
    expect(startOf([Buffer.from('a'), Buffer.from('b')], 'identity').toString()).toBe('ab');
  });
});

describe('Bitbucket’s words', () => {
  const JSON_TYPE = { 'content-type': 'application/json' };
  const messageOf = (status: number, headers: Record<string, string>, body: string | Buffer) =>
    refusalOf({ status, headers, wire: [Buffer.from(body)] }).message;

  it.each([
    [
      'JSON without type',
      JSON_TYPE,
      '{"error":{"message":"Repository x not found."}}',
      'Repository x not found.',
    ],
    [
      'JSON with a detail and fields',
      JSON_TYPE,
      '{"type":"error","error":{"message":"Bad","detail":"Worse","fields":{"a":["b","c"],"d":"e"}}}',
      'Bad Worse a: b c; d: e',
    ],
    ['JSON with another detail', JSON_TYPE, '{"error":{"message":"Bad","detail":{"required":["x"]}}}', 'Bad'],
    ['JSON with a message that is none', JSON_TYPE, '{"error":{"message":5,"detail":"Worse"}}', 'Worse'],
    ['JSON without fields', JSON_TYPE, '{"error":{"message":"Bad","fields":null}}', 'Bad'],
    ['JSON with fields that are none', JSON_TYPE, '{"error":{"message":"Bad","fields":"x"}}', 'Bad'],
    ['no text', { 'content-type': 'application/x; is=text/plain' }, 'x', 'Bitbucket has nothing there.'],
    ['JSON with words alone', JSON_TYPE, '{"error":"Bad"}', 'Bad'],
    ['JSON with nothing', JSON_TYPE, '{"error":{"message":""}}', 'Bitbucket has nothing there.'],
    ['JSON without an error', JSON_TYPE, '{}', 'Bitbucket has nothing there.'],
    ['JSON with null', JSON_TYPE, '{"error":null}', 'Bitbucket has nothing there.'],
    ['text', { 'content-type': 'text/plain' }, ' Not\u0007\n Found ', 'Not Found'],
    ['HTML', { 'content-type': 'text/html' }, '<b>canary</b>', 'Bitbucket has nothing there.'],
    ['broken JSON', JSON_TYPE, '{"error', 'Bitbucket has nothing there.'],
    ['nothing', {}, '', 'Bitbucket has nothing there.'],
  ])('%s', (_name, headers, body, words) => {
    expect(messageOf(404, headers as Record<string, string>, body)).toBe(
      `${words} (A private repository looks the same as a missing one.)`,
    );
  });

  it('compressed', () => {
    const headers = { ...JSON_TYPE, 'content-encoding': 'gzip' };
    expect(messageOf(410, headers, gzipSync('{"error":{"message":"Gone"}}'))).toBe('Gone');
  });

  it('are cut at 500 characters', () => {
    expect(messageOf(410, { 'content-type': 'text/plain' }, 'x'.repeat(2_000))).toBe('x'.repeat(500));
  });

  it.each([
    [400, 'upstream_rejected', 'Bitbucket refused the request: it gave no reason.'],
    [
      401,
      'upstream_not_found',
      'Bitbucket has nothing there. (A private repository looks the same as a missing one.)',
    ],
    [
      403,
      'upstream_forbidden',
      'Bitbucket does not show this to anonymous readers. (The workspace is private or deactivated.)',
    ],
    [410, 'upstream_gone', 'Bitbucket has removed this for good.'],
    [418, 'upstream_failed', 'Bitbucket answered with an unexpected status 418.'],
  ])('%i without any', (status, code, message) => {
    const failure = refusalOf({ status, headers: { 'x-request-id': 'b7' }, wire: [] });
    expect(failure).toMatchObject({ code, message, upstreamRequestId: 'b7' });
  });
});

it('a head: names in lower case, repeated ones joined, absent ones left out', () => {
  expect(headOf(200, { 'X-A': ['1', '2'], B: 'c', D: undefined })).toEqual({
    status: 200,
    headers: { 'x-a': '1, 2', b: 'c' },
  });
  expect(headSizeOf({ a: 'bc', def: '' })).toBe('HTTP/1.1 200 OK\r\na: bc\r\ndef: \r\n\r\n'.length);
});
