import { finished } from 'node:stream/promises';
import {
  constants,
  crc32,
  createDeflateRaw,
  deflateRawSync,
  gunzipSync,
  gzipSync,
  type ZlibOptions,
} from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { crc32Combine } from '../../src/envelope/crc32-combine.ts';
import { joinGzip } from '../../src/envelope/gzip-join.ts';

const head = Buffer.from('{"data":');
const tail = Buffer.from(',"meta":{"request_id":"0"},"success":true}');
const join = (member: Buffer, before = head, after = tail) => {
  const pieces = joinGzip(before, member, after);
  return pieces === null ? null : Buffer.concat(pieces);
};

const options: fc.Arbitrary<ZlibOptions> = fc.record({
  level: fc.integer({ min: 0, max: 9 }),
  strategy: fc.constantFrom(
    constants.Z_DEFAULT_STRATEGY,
    constants.Z_FILTERED,
    constants.Z_HUFFMAN_ONLY,
    constants.Z_RLE,
    constants.Z_FIXED,
  ),
  memLevel: fc.integer({ min: 1, max: 9 }),
  windowBits: fc.integer({ min: 9, max: 15 }),
});

/** Nothing, noise, runs, text with matches near and far: what makes each kind of block. */
const words = fc.array(
  fc.constantFrom('"type": "repository", ', '"href": "https://', 'x', '1', '}, {', 'é'),
  {
    maxLength: 3_000,
  },
);
const texts: fc.Arbitrary<Buffer> = fc.oneof(
  words.map((list) => Buffer.from(list.join(''))),
  fc.uint8Array({ maxLength: 5_000 }).map((bytes) => Buffer.from(bytes)),
  fc.tuple(fc.nat(255), fc.nat(100_000)).map(([byte, length]) => Buffer.alloc(length, byte)),
  fc
    .tuple(words, fc.uint8Array({ maxLength: 40_000 }))
    .map(([list, noise]) => Buffer.concat([Buffer.from(list.join('')), noise, Buffer.from(list.join(''))])),
);

/** Deflate as servers write it: text handed over in pieces, flushed after each. */
async function deflated(text: Buffer, options: ZlibOptions, cuts: readonly number[], flush: number) {
  const stream = createDeflateRaw(options);
  const out: Buffer[] = [];
  stream.on('data', (chunk) => out.push(chunk));
  const places = cuts.map((cut) => cut % (text.length + 1)).sort((a, b) => a - b);
  for (const [i, place] of places.entries()) {
    stream.write(text.subarray(places[i - 1] ?? 0, place));
    await new Promise<void>((resolve) => stream.flush(flush, resolve));
  }
  stream.end(text.subarray(places.at(-1) ?? 0));
  await finished(stream);
  return Buffer.concat(out);
}

interface Header {
  readonly extra: Uint8Array | null;
  readonly name: string | null;
  readonly comment: string | null;
  readonly isText: boolean;
}
const headers: fc.Arbitrary<Header> = fc.record({
  extra: fc.option(fc.uint8Array({ maxLength: 300 })),
  name: fc.option(fc.stringMatching(/^[a-z.]{0,100}$/)),
  comment: fc.option(fc.stringMatching(/^[a-z ]{0,20}$/)),
  isText: fc.boolean(),
});
const plainHeader: Header = { extra: null, name: null, comment: null, isText: false };

function member(text: Buffer, deflate: Buffer, { extra, name, comment, isText }: Header): Buffer {
  const flags = (isText ? 1 : 0) | (extra ? 4 : 0) | (name === null ? 0 : 8) | (comment === null ? 0 : 16);
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(crc32(text));
  trailer.writeUInt32LE(text.length, 4);
  return Buffer.concat([
    Buffer.of(0x1f, 0x8b, 8, flags, 1, 2, 3, 4, 0, 3),
    extra === null
      ? Buffer.alloc(0)
      : Buffer.concat([Buffer.of(extra.length & 255, extra.length >> 8), extra]),
    name === null ? Buffer.alloc(0) : Buffer.from(`${name}\0`),
    comment === null ? Buffer.alloc(0) : Buffer.from(`${comment}\0`),
    deflate,
    trailer,
  ]);
}

/** As one member, and nothing else: zlib in Node would take several. */
function textOf(joined: Buffer): Buffer {
  const wrapped = gunzipSync(joined);
  expect(joined.readUInt32LE(joined.length - 4)).toBe(wrapped.length);
  expect(joined.readUInt32LE(joined.length - 8)).toBe(crc32(wrapped));
  return wrapped;
}

describe('joinGzip', () => {
  it('puts any text between head and tail, whatever zlib made of it', () => {
    fc.assert(
      fc.property(texts, options, headers, (text, options, header) => {
        const joined = join(member(text, deflateRawSync(text, options), header));
        expect(joined).not.toBeNull();
        expect(textOf(joined as Buffer).equals(Buffer.concat([head, text, tail]))).toBe(true);
      }),
      { numRuns: 400 },
    );
  });

  it('whatever flushes stand in between', async () => {
    const flush = fc.constantFrom(constants.Z_SYNC_FLUSH, constants.Z_FULL_FLUSH, constants.Z_PARTIAL_FLUSH);
    const cuts = fc.array(fc.nat(), { maxLength: 5 });
    await fc.assert(
      fc.asyncProperty(texts, options, cuts, flush, async (text, options, cuts, flush) => {
        const joined = join(member(text, await deflated(text, options, cuts, flush), plainHeader));
        expect(joined).not.toBeNull();
        expect(textOf(joined as Buffer).equals(Buffer.concat([head, text, tail]))).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('meets every bit at which a stream can end', () => {
    const seen = new Set<number>();
    for (let length = 0; length < 64; length += 1) {
      const text = Buffer.from(Array.from({ length }, (_, i) => (i * i * 7) % 256));
      const gzip = gzipSync(text);
      const joined = join(gzip) as Buffer;
      expect(textOf(joined).equals(Buffer.concat([head, text, tail]))).toBe(true);
      const pieces = joinGzip(head, gzip, tail) as Buffer[];
      seen.add(Math.clz32((pieces.at(-1) as Buffer)[0] as number));
    }
    // The last block's own bit is the highest one set in the byte that both share.
    expect(seen.size).toBe(8);
  });

  it('moves no byte of the stream: large pieces are views of it', () => {
    const noise = Buffer.alloc(300_000).map((_, i) => (i * i * 31) >> 3);
    const gzip = gzipSync(noise, { memLevel: 3 });
    const pieces = joinGzip(head, gzip, tail) as Buffer[];
    const own = pieces
      .filter(({ buffer }) => buffer !== gzip.buffer)
      .reduce((sum, { length }) => sum + length, 0);
    expect(own).toBeLessThan(head.length + tail.length + 64);
    expect(gzip.equals(gzipSync(noise, { memLevel: 3 }))).toBe(true);
  });

  it('takes head and tail of any length that a stored block can hold', () => {
    const gzip = gzipSync('[]');
    for (const length of [0, 1, 65_535]) {
      const text = Buffer.alloc(length, 'x');
      const joined = join(gzip, text, text) as Buffer;
      expect(textOf(joined).equals(Buffer.concat([text, Buffer.from('[]'), text]))).toBe(true);
    }
    expect(join(gzip, Buffer.alloc(65_536), tail)).toBeNull();
    expect(join(gzip, head, Buffer.alloc(65_536))).toBeNull();
  });
});

describe('what is unusual is refused', () => {
  const gzip = gzipSync('{"values": [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]}');
  const stream = gzip.subarray(10, -8);
  const withFlags = (flags: number) =>
    Buffer.concat([gzip.subarray(0, 3), Buffer.of(flags), gzip.subarray(4)]);
  const body = (deflate: Buffer) => member(Buffer.alloc(0), deflate, plainHeader);

  it.each<[string, Buffer]>([
    ['nothing', Buffer.alloc(0)],
    ['a header alone', gzip.subarray(0, 10)],
    ['no stream', Buffer.concat([gzip.subarray(0, 10), gzip.subarray(-8)])],
    ['a stream without a header', Buffer.concat([stream, gzip.subarray(-8)])],
    [
      'a name and a comment without an end',
      Buffer.concat([Buffer.of(0x1f, 0x8b, 8, 24, 0, 0, 0, 0, 0, 0), Buffer.alloc(40, 1)]),
    ],
    ['no gzip', Buffer.from('{"values": [1, 2, 3, 4, 5]}')],
    ['another method', Buffer.concat([Buffer.of(0x1f, 0x8b, 7), gzip.subarray(3)])],
    ['a CRC of the header', withFlags(2)],
    ['an unknown flag', withFlags(32)],
    [
      'a name without an end',
      Buffer.concat([Buffer.of(0x1f, 0x8b, 8, 8, 0, 0, 0, 0, 0, 0), Buffer.alloc(40, 1)]),
    ],
    [
      'an extra field beyond the end',
      Buffer.concat([Buffer.of(0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 0), Buffer.alloc(40, 255)]),
    ],
    ['two members', Buffer.concat([gzip, gzip])],
    ['bytes behind the member', Buffer.concat([gzip, Buffer.alloc(3)])],
    ['a byte too few', gzip.subarray(0, -1)],
    ['half of it', gzip.subarray(0, gzip.length >> 1)],
    ['a reserved kind of block', body(Buffer.of(0b111, 0, 0, 0))],
    ['a stored block whose length is not told twice', body(Buffer.of(1, 1, 0, 0xff, 0xff, 65))],
    ['a stored block beyond the end', body(Buffer.of(1, 0xff, 0xff, 0, 0, 65))],
    [
      'a last block that is none',
      body(Buffer.concat([Buffer.of((stream[0] as number) & 0xfe), stream.subarray(1)])),
    ],
    ['a distance that does not exist', body(Buffer.of(0b11, 0b0011_1110, 0))],
  ])('%s', (_what, damaged) => expect(join(damaged)).toBeNull());

  it('empty blocks without end, soon', () => {
    expect(join(body(Buffer.alloc(30_000_000)))).toBeNull();
  });
});

it('damage is never silent: refused, or found by who decodes it', () => {
  const damage = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })), {
    minLength: 1,
    maxLength: 3,
  });
  fc.assert(
    fc.property(words, options, damage, (list, options, places) => {
      const text = Buffer.from(list.join(''));
      const damaged = gzipSync(text, options);
      for (const [at, by] of places)
        damaged[at % damaged.length] = (damaged[at % damaged.length] as number) ^ by;
      const joined = join(damaged);
      if (joined === null) return;
      if (!isGzip(joined)) return;
      // Damage to what nobody reads: time, system, padding.
      expect(gunzipSync(joined).equals(Buffer.concat([head, text, tail]))).toBe(true);
    }),
    { numRuns: 2_000 },
  );
});

function isGzip(bytes: Buffer): boolean {
  try {
    gunzipSync(bytes);
    return true;
  } catch {
    return false;
  }
}

it('noise comes through only where it is gzip', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), (noise) => {
      const damaged = member(Buffer.alloc(0), Buffer.from(noise), plainHeader);
      const joined = join(damaged);
      if (joined !== null && isGzip(joined)) expect(isGzip(damaged)).toBe(true);
    }),
    { numRuns: 5_000 },
  );
});

it('crc32Combine is the CRC of both', () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.uint8Array({ maxLength: 3_000 }), (first, second) => {
      expect(crc32Combine(crc32(first), crc32(second), second.length)).toBe(
        crc32(Buffer.concat([first, second])),
      );
    }),
  );
  const [first, second] = [Buffer.from('{"data":'), Buffer.alloc(20_000_001, 'x')];
  expect(crc32Combine(crc32(first), crc32(second), second.length)).toBe(crc32(second, crc32(first)));
});
