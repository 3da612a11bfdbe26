import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readPageKeys } from '../../src/envelope/page-keys.ts';
import { pages } from './pages.ts';

const keysOf = (text: string) => readPageKeys(Buffer.from(text));
const large = `{"filler":"${'x'.repeat(5_000)}"}`;

/** The reference: one object for `JSON.parse`, and its `next` where that is a text. */
function expected(text: string): { next: string | undefined } | null {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return null;
    const { next } = value as { next?: unknown };
    return { next: typeof next === 'string' ? next : undefined };
  } catch {
    return null;
  }
}

describe('what is not one whole JSON object is null', () => {
  it.each([
    '',
    '{',
    '}',
    '[]',
    '1',
    'null',
    '"a"',
    '{}{}',
    '{} x',
    '{"a":1,}',
    '\ufeff{}',
    '{"values":[1}',
    '{a:1}',
  ])('%j', (text) => expect(keysOf(text)).toBeNull());

  it.each([
    ['two pages in a row', `{"values":[${large}]}{"values":[]}`],
    ['an array', `[${large}]`],
    ['an array of pages', `[{"values":[${large}]}]`],
    ['a bracket too many', `{"values":[${large}]]}`],
    ['a bracket too many on a page that leads on', `{"values":[${large}]],"next":"u"}`],
    ['an opening one too many on such a page', `{"values":[[${large}],"next":"u"}`],
    ['a bracket too few', `{"values":[${large}`],
    ['nothing behind the values', `{"values":[${large}]`],
    ['a comma behind the last key', `{"values":[${large}],"page":1,}`],
    ['the end where an inner object ends', `{"pagelen":30,"values":[${large},{"parents":[{"hash":"a"}]}`],
    ['the end where an inner list ends', `{"pagelen":30,"values":[${large},{"parents":[{"hash":"a"}]`],
    ['text behind the page', `{"values":[${large}]}<html>`],
  ])('large: %s', (_what, text) => {
    expect(text.length).toBeGreaterThan(4_096);
    expect(keysOf(text)).toBeNull();
  });

  it('bytes that are no UTF-8, wherever they stand', () => {
    const page = Buffer.from(`{"values":[${large}],"page":1}`);
    page[page.length >> 1] = 0xff;
    expect(readPageKeys(page)).toBeNull();
  });
});

describe('next', () => {
  it.each([
    ['{"next":"https://x/?a=1","values":[{"next":"inner"}]}', 'https://x/?a=1'],
    ['{"values":[{"next":"inner"}]}', undefined],
    ['{"next":"first","next":"last"}', 'last'],
    ['{"\\u006eext":"escaped"}', 'escaped'],
    ['{"next":"\u00e9 é 中 \\u00e9 \\u4e2d \\ud83d"}', 'é é 中 é 中 \ud83d'],
    ['{"next":"u","name":"é 中"}', 'u'],
    ['{"next":null}', undefined],
    ['{"next":["x"]}', undefined],
    [`{"values":[${large}],"next":"behind","more":["x"],"page":1}`, 'behind'],
    [`{"values":[${large}],"next":"hidden","more":[{}],"page":1}`, 'hidden'],
    [`{"values":[${large}],"next":"hidden","more":[[1],[2]],"page":1}`, 'hidden'],
    [`{"values":[${large}],"next":"hidden","more":[{}],"kind":"next"}`, 'hidden'],
    [`{"values":[${large}],"next":"first","more":[{}],"next":"last"}`, 'last'],
    [`{"values":[${large},[1]],"next":"u[]"}`, 'u[]'],
    [`{"more":["x"],"next":"between","values":[${large}]}`, 'between'],
    [`{"values":[],"next":"u","description":"${'x'.repeat(5_000)}]"}`, 'u'],
    [`{"values":"[","next":"u","filler":${large},"b":"]"}`, 'u'],
    [`{"next":"u","other":[${large}]}`, 'u'],
  ])('%.60s', (text, next) => {
    expect(keysOf(text)).toEqual({ next });
  });
});

it('of any page, as JSON.parse has it', () => {
  fc.assert(
    fc.property(pages, ({ text }) => {
      expect(keysOf(text)).toEqual(expected(text));
      expect(expected(text)).not.toBeNull();
    }),
  );
});

it('of a page cut anywhere: null', () => {
  fc.assert(
    fc.property(pages, fc.nat(), ({ text }, cut) => {
      const bytes = Buffer.from(text.trim());
      expect(readPageKeys(bytes.subarray(0, cut % bytes.length))).toBeNull();
    }),
    { numRuns: 1_000 },
  );
});

it('of a page damaged around its values: as JSON.parse has it', () => {
  fc.assert(
    fc.property(
      pages,
      fc.nat(),
      fc.constantFrom('', '"', '[', ']', '{', '}', ',', 'x', '\\'),
      ({ text }, at, by) => {
        const [open, close] = [text.indexOf('['), text.lastIndexOf(']')];
        const outside = at % (text.length - (close - open) + 1);
        const place = outside <= open ? outside : outside + close - open;
        const damaged = text.slice(0, place) + by + text.slice(place + (by === '' ? 1 : 0));
        expect(keysOf(damaged)).toEqual(expected(damaged));
      },
    ),
    { numRuns: 1_000 },
  );
});
