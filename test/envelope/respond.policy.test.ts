import { brotliDecompressSync, gunzipSync, gzipSync, zstdDecompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { Body } from '../../src/domain/upstream.ts';
import { bodyOf } from '../../src/envelope/body.ts';
import { WORTH_BYTES } from '../../src/envelope/compress.ts';
import type { ContentCoding } from '../../src/envelope/negotiate.ts';
import { prettyPrint } from '../../src/envelope/pretty.ts';
import { respond, respondText } from '../../src/envelope/respond.ts';

const around = { head: Buffer.from('{"data":'), tail: Buffer.from(',"success":true}') };
const wish = (encoding: ContentCoding, more = {}) => ({
  encoding,
  isPlainFine: true,
  isPretty: false,
  ...more,
});

const small = Buffer.from('{"name": "\\u00e9", "n": 1.0}');
const large = Buffer.from(
  JSON.stringify({ values: Array.from({ length: 300 }, (_, i) => ({ i, name: `é ${i}` })) }),
);

/** As the upstream sends it, in pieces; counts how often it is inflated. */
function gzipBody(text: Buffer, pieces = 3) {
  const wire = gzipSync(text);
  const size = Math.ceil(wire.length / pieces);
  const cut = Array.from({ length: pieces }, (_, i) => wire.subarray(i * size, (i + 1) * size));
  let inflations = 0;
  let forgotten = 0;
  const body: Body = {
    encoding: 'gzip',
    wire: cut,
    digest: () => null,
    plain: () => {
      inflations += 1;
      return text;
    },
    forget: () => {
      forgotten += 1;
    },
  };
  return { body, wire, inflations: () => inflations, forgotten: () => forgotten };
}

const DECODE: Record<ContentCoding, (body: Buffer) => Buffer> = {
  gzip: gunzipSync,
  br: brotliDecompressSync,
  zstd: zstdDecompressSync,
  identity: (body) => body,
};

async function sent(data: Body, asked: Parameters<typeof respond>[2]) {
  const { encoding, pieces, bytes } = await respond(data, around, asked);
  const body = Buffer.concat(pieces);
  expect(bytes).toBe(body.length);
  return { encoding, pieces, text: DECODE[encoding](body) };
}

describe.each([
  ['small', small],
  ['large', large],
])('%s data', (size, text) => {
  const whole = Buffer.concat([around.head, text, around.tail]);
  const bodies = [
    ['gzip', gzipBody(text).body],
    ['gzip in one piece', gzipBody(text, 1).body],
    ['identity', bodyOf(text)],
    ['identity in pieces', { ...bodyOf(text), wire: [text.subarray(0, 5), text.subarray(5)] }],
  ] as const;

  describe.each(bodies)('that came as %s', (_how, body) => {
    it.each(['gzip', 'br', 'zstd', 'identity'] as const)('leaves as %s, whole', async (encoding) => {
      const response = await sent(body, wish(encoding, { isPlainFine: false }));
      expect(response.encoding).toBe(encoding);
      expect(response.text.equals(whole)).toBe(true);
    });

    it.each(['gzip', 'br', 'zstd', 'identity'] as const)('leaves in lines as %s', async (encoding) => {
      const response = await sent(body, wish(encoding, { isPretty: true }));
      expect(response.text.equals(prettyPrint(whole))).toBe(true);
    });

    it('that is not worth it leaves as it is', async () => {
      const { encoding } = await sent(body, wish('br'));
      expect(encoding).toBe(size === 'small' ? 'identity' : 'br');
    });
  });
});

it.each([
  [WORTH_BYTES - 1, 'identity'],
  [WORTH_BYTES, 'gzip'],
] as const)('a text of ours of %d bytes leaves as %s', async (bytes, encoding) => {
  const text = Buffer.alloc(bytes, 'x');
  expect((await respondText(text, wish('gzip'))).encoding).toBe(encoding);
  expect((await respondText(text, wish('gzip', { isPlainFine: false }))).encoding).toBe('gzip');
  expect((await respondText(text, wish('identity'))).pieces).toEqual([text]);
});

describe('what came compressed', () => {
  it('leaves at once, in views, never inflated', () => {
    const { body, wire, inflations } = gzipBody(large, 1);
    const response = respond(body, around, wish('gzip'));
    expect(response).not.toBeInstanceOf(Promise);
    const { pieces } = response as Exclude<typeof response, Promise<unknown>>;
    const views = pieces.filter(({ buffer }) => buffer === wire.buffer);
    expect(views.reduce((sum, { length }) => sum + length, 0)).toBeGreaterThan(wire.length - 25);
    expect(inflations()).toBe(0);
  });

  it.each([
    ['gzip', 1],
    ['identity', 0],
    ['br', 0],
  ] as const)('for who takes %s its inflated text is forgotten %d times', async (encoding, times) => {
    const { body, forgotten } = gzipBody(large);
    await respond(body, around, wish(encoding));
    expect(forgotten()).toBe(times);
  });

  it('is inflated once for who takes no gzip, and not copied', () => {
    const { body, inflations } = gzipBody(large);
    const response = respond(body, around, wish('identity'));
    const { pieces } = response as Exclude<typeof response, Promise<unknown>>;
    expect(pieces).toEqual([around.head, large, around.tail]);
    expect(pieces[1]).toBe(large);
    expect(inflations()).toBe(1);
  });

  it('in a way that cannot be joined is inflated and compressed again', async () => {
    const [one, two] = [large.subarray(0, 99), large.subarray(99)].map((part) => gzipSync(part));
    const body: Body = { ...gzipBody(large).body, wire: [one as Buffer, two as Buffer] };
    const response = await sent(body, wish('gzip'));
    expect(response.encoding).toBe('gzip');
    expect(response.text.equals(Buffer.concat([around.head, large, around.tail]))).toBe(true);
  });
});
