import { createHash, randomFillSync } from 'node:crypto';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { BodyError } from '../../../src/domain/upstream.ts';
import { createBody, gathered } from '../../../src/egress/attempts/body.ts';

const text = Buffer.from(JSON.stringify(Array.from({ length: 2_000 }, (_, i) => `é ${i}`)));
const cut = (bytes: Buffer) => [bytes.subarray(0, 7), bytes.subarray(7, 90), bytes.subarray(90)];
const reasonOf = (work: () => unknown) => {
  try {
    work();
  } catch (error) {
    return error instanceof BodyError ? error.message : error;
  }
  return 'none';
};

/** The four bytes from `at` (from the end) all the same. */
const told = (gzip: Buffer, at: number, byte: number) =>
  Buffer.concat([gzip.subarray(0, at), Buffer.alloc(4, byte), gzip.subarray(gzip.length + at + 4)]);

describe('gathered', () => {
  const noise = (size: number) => randomFillSync(Buffer.from(new ArrayBuffer(size)));
  const lengths = (pieces: readonly Buffer[]) => pieces.map(({ length }) => length);

  it('makes one piece of a compressed body, and empties what it came in', () => {
    const pieces = [noise(4_096), noise(4_095), noise(16_384), Buffer.allocUnsafe(5_000)];
    const text = Buffer.concat(pieces);
    expect(gathered(pieces, 'gzip')).toEqual([text]);
    expect(lengths(pieces)).toEqual([0, 4_095, 0, 5_000]);
  });

  it('leaves what is in one piece, or no gzip, as it is', () => {
    for (const [pieces, said] of [
      [[noise(9_000)], 'gzip'],
      [[], 'gzip'],
      [[noise(9_000), noise(9_000)], undefined],
      [[noise(9_000), noise(9_000)], 'br'],
    ] as const) {
      const before = lengths(pieces);
      expect(gathered(pieces, said)).toBe(pieces);
      expect(lengths(pieces)).toEqual(before);
    }
  });
});

describe('createBody', () => {
  it.each([
    ['identity', cut(text), undefined, 'identity'],
    ['said to be identity', cut(text), 'Identity', 'identity'],
    ['gzip', cut(gzipSync(text)), 'gzip', 'gzip'],
    ['x-gzip, in one piece', [gzipSync(text)], 'X-GZIP', 'gzip'],
    ['br', cut(brotliCompressSync(text)), 'br', 'identity'],
  ] as const)('%s', (_what, wire, said, encoding) => {
    const body = createBody(wire, said);
    expect(body.encoding).toBe(encoding);
    expect(body.plain().equals(text)).toBe(true);
    expect(body.plain()).toBe(body.plain());
  });

  it('holds a text that came in pieces once, when it was read in one', () => {
    const body = createBody(cut(text));
    expect(body.wire).toHaveLength(3);
    const plain = body.plain();
    expect(body.wire).toEqual([plain]);
    expect(body.wire[0]).toBe(plain);
    body.forget();
    expect(body.plain()).toBe(plain);
  });

  it('names what came compressed by its bytes, and no text', () => {
    const gzip = gzipSync(text);
    const digest = createBody(cut(gzip), 'gzip').digest();
    expect(digest).toBe(createHash('sha256').update(gzip).digest('base64url'));
    const other = Buffer.from(gzip);
    other[other.length >> 1]! ^= 1;
    expect(createBody([other], 'gzip').digest()).not.toBe(digest);
    expect(createBody(cut(text)).digest()).toBeNull();
  });

  it('keeps gzip as it came', () => {
    const gzip = gzipSync(text);
    expect(Buffer.concat(createBody(cut(gzip), 'gzip').wire).equals(gzip)).toBe(true);
    const [piece] = createBody([gzip], 'gzip').wire;
    expect(piece).toBe(gzip);
  });

  it('forgets a large text at once, and inflates it again for who asks', () => {
    const large = Buffer.concat(Array.from({ length: 4 }, () => text));
    const body = createBody([gzipSync(large)], 'gzip');
    const plain = body.plain();
    expect(plain.equals(large)).toBe(true);
    body.forget();
    expect(plain.length).toBe(0);
    expect(body.plain().equals(large)).toBe(true);
  });

  it('forgets nothing that is part of a pool, or that came as it is', () => {
    const [neighbour, small] = [Buffer.from('{"b":2}'), createBody([gzipSync('{"a":1}')], 'gzip')];
    small.plain();
    small.forget();
    expect(`${neighbour} ${small.plain()}`).toBe('{"b":2} {"a":1}');
    const half = Buffer.poolSize / 2;
    for (const size of [8_000, half]) {
      const plain = createBody([gzipSync(Buffer.alloc(size))], 'gzip');
      const was = plain.plain();
      plain.forget();
      expect(was.length).toBe(size < half ? size : 0);
    }
    const large = Buffer.alloc(2 * half, 'x');
    const identity = createBody([large]);
    identity.plain();
    identity.forget();
    expect([large.length, identity.plain().length]).toEqual([2 * half, 2 * half]);
  });

  it('forgets nothing that was never inflated', () => {
    const body = createBody([gzipSync(text)], 'gzip');
    body.forget();
    expect(body.plain().equals(text)).toBe(true);
    body.forget();
    body.forget();
    expect(body.plain().equals(text)).toBe(true);
  });

  it('an empty body has no encoding, whatever was said', () => {
    for (const said of ['gzip', 'br', 'zstd']) {
      const body = createBody([Buffer.alloc(0)], said);
      expect([body.encoding, body.plain().length]).toEqual(['identity', 0]);
    }
  });

  it('takes several members in a row, which no one can tell from one', () => {
    const members = [gzipSync(text.subarray(0, 99)), gzipSync(text.subarray(99))];
    expect(createBody(members, 'gzip').plain().equals(text)).toBe(true);
  });

  it.each<[string, Buffer, string]>([
    ['half of it', gzipSync(text).subarray(0, 500), 'damaged'],
    ['no gzip', text, 'damaged'],
    ['three bytes', Buffer.from([0x1f, 0x8b, 8]), 'damaged'],
    ['a wrong CRC', told(gzipSync(text), -8, 0), 'damaged'],
    ['a wrong length', told(gzipSync(text), -4, 0), 'damaged'],
    ['a length that is a lie', told(gzipSync(text), -4, 255), 'damaged'],
    ['33 MB in 33 kB', gzipSync(Buffer.alloc(33 * 1024 * 1024)), 'too large'],
    ['33 MB told as none', told(gzipSync(Buffer.alloc(33 * 1024 * 1024)), -4, 0), 'too large'],
  ])('refuses gzip: %s', (_what, gzip, reason) => {
    expect(reasonOf(() => createBody([gzip], 'gzip').plain())).toBe(reason);
  });

  it('refuses br that is damaged, and encodings that were not asked for, at once', () => {
    expect(reasonOf(() => createBody([text], 'br'))).toBe('damaged');
    expect(reasonOf(() => createBody([text], 'zstd'))).toBe('the encoding zstd was not asked for');
    expect(reasonOf(() => createBody([text], ' ZSTD '.repeat(20)))).toMatch(/^the encoding.{40,60} was not/);
  });
});
