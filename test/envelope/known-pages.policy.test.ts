import { gunzipSync, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BodyError } from '../../src/domain/upstream.ts';
import { createBody } from '../../src/egress/attempts/body.ts';
import { oncePerPage } from '../../src/envelope/known-pages.ts';
import { pageKeysOf, readPageKeys } from '../../src/envelope/page-keys.ts';
import { respond } from '../../src/envelope/respond.ts';

const around = { head: Buffer.from('{"data":'), tail: Buffer.from(',"meta":{}}') };
const wish = { encoding: 'gzip', isPlainFine: true, isPretty: false } as const;

async function joined(gzip: Buffer): Promise<string> {
  const { encoding, pieces } = await respond(createBody([gzip], 'gzip'), around, wish);
  expect(encoding).toBe('gzip');
  return gunzipSync(Buffer.concat(pieces)).toString();
}

const page = (name: string, next?: string) => Buffer.from(JSON.stringify({ values: [{ name }], next }));

describe('a page known by its bytes', () => {
  it('is looked at once, whatever other comes between', () => {
    const seen: string[] = [];
    const find = oncePerPage((each) => {
      seen.push(each.plain().toString());
      return { length: each.plain().length };
    });
    const [one, other] = [gzipSync('{"a":1}'), gzipSync('{"b":22}')];
    const found = [one, other, one, other].map((gzip) => find(createBody([gzip], 'gzip'))?.length);
    expect(found).toEqual([7, 8, 7, 8]);
    expect(seen).toEqual(['{"a":1}', '{"b":22}']);
    find(createBody([Buffer.from('{"a":1}')]));
    find(createBody([Buffer.from('{"a":1}')]));
    expect(seen).toHaveLength(4);
  });

  it('is not inflated again for its keys', () => {
    const gzip = gzipSync(page('once', 'https://example.org/?page=2'));
    expect(pageKeysOf(createBody([gzip], 'gzip'))).toEqual({ next: 'https://example.org/?page=2' });
    const again = { ...createBody([gzip], 'gzip'), plain: () => expect.fail('inflated') };
    expect(pageKeysOf(again)).toEqual({ next: 'https://example.org/?page=2' });
  });

  it('damaged, it is another: neither its keys nor its answer are those of the whole one', () => {
    const gzip = gzipSync(page('damaged', 'https://example.org/?page=2'));
    expect(pageKeysOf(createBody([gzip], 'gzip'))).not.toBeNull();
    for (let at = 12; at < gzip.length; at += 1) {
      const damaged = Buffer.from(gzip);
      damaged[at]! ^= 0x10;
      expect(() => pageKeysOf(createBody([damaged], 'gzip'))).toThrow(BodyError);
    }
  });

  it('whatever pages come in whatever order, each is answered as its own', async () => {
    const kind = fc.record({ name: fc.string({ maxLength: 3 }), level: fc.constantFrom(0, 1, 9) });
    await fc.assert(
      fc.asyncProperty(fc.array(kind, { minLength: 1, maxLength: 8 }), async (kinds) => {
        for (const { name, level } of [...kinds, ...kinds]) {
          const text = page(name, `https://example.org/?page=${name.length}`);
          const gzip = gzipSync(text, { level });
          expect(await joined(gzip)).toBe(`${around.head}${text}${around.tail}`);
          expect(pageKeysOf(createBody([gzip], 'gzip'))).toEqual(readPageKeys(text));
        }
      }),
    );
  });
});
