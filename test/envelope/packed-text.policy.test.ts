import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib';
import { expect, it } from 'vitest';
import { createPackedText } from '../../src/envelope/packed-text.ts';

const text = Buffer.from('some words, and '.repeat(400));
const asked = (acceptEncoding?: string, ifNoneMatch?: string) => ({ acceptEncoding, ifNoneMatch });

it.each<[string | undefined, string | undefined, (body: Buffer) => Buffer]>([
  [undefined, undefined, (body) => body],
  ['identity', undefined, (body) => body],
  ['gzip', 'gzip', gunzipSync],
  ['zstd', 'zstd', zstdDecompressSync],
  ['br', 'br', brotliDecompressSync],
  ['gzip, deflate, br, zstd', 'br', brotliDecompressSync],
  ['gzip, zstd', 'zstd', zstdDecompressSync],
  ['br;q=0.1, gzip', 'gzip', gunzipSync],
])('who takes %s gets %s, and the whole text', async (acceptEncoding, encoding, decode) => {
  const {
    status,
    headers,
    body = Buffer.alloc(0),
  } = await createPackedText(text).answer(asked(acceptEncoding));
  expect([status, headers['content-encoding'], headers.vary]).toEqual([200, encoding, 'accept-encoding']);
  expect(decode(body).equals(text)).toBe(true);
  if (encoding !== undefined) expect(body.length).toBeLessThan(200);
});

it('each encoding is made once', async () => {
  const packed = createPackedText(text);
  const bodyOf = async (encoding: string) => (await packed.answer(asked(encoding))).body;
  for (const encoding of ['gzip', 'br', 'zstd', 'identity'])
    expect(await bodyOf(encoding)).toBe(await bodyOf(encoding));
});

it('who has the text already gets no body, in whatever encoding it came', async () => {
  const packed = createPackedText(text);
  const { headers } = await packed.answer(asked('gzip'));
  const { etag = '' } = headers;
  expect(etag).toMatch(/^W\/"[\w-]{22}"$/);
  const unchanged = { status: 304, headers: { vary: 'accept-encoding', etag } };
  for (const ifNoneMatch of [etag, etag.slice('W/'.length), `"other", ${etag}`, '*'])
    expect(await packed.answer(asked('br', ifNoneMatch))).toEqual(unchanged);
  expect((await packed.answer(asked('br', '"other"'))).status).toBe(200);
  expect((await createPackedText(Buffer.from('other')).answer(asked('br', etag))).status).toBe(200);
});
