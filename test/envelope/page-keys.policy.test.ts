import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
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

describe('how much of a page is parsed', () => {
  /** The texts that were parsed for it, one after the other. */
  function parsed(text: string): string[] {
    const parse = vi.spyOn(JSON, 'parse');
    try {
      keysOf(text);
      return parse.mock.calls.map(([given]) => Buffer.from(given, 'latin1').toString());
    } finally {
      parse.mockRestore();
    }
  }

  const items = (...more: string[]) => [large, '{"n":1}', ...more].join(',');
  const page = (values: string, behind: string, before = '') => `{${before}"values":[${values}]${behind}}`;
  const fill = (bytes: number) => page(`"${'x'.repeat(bytes - page('""', '').length)}"`, '');

  it('all of a small one, once', () => expect(parsed(fill(4_096))).toEqual([fill(4_096)]));
  it('what stands around the values of a larger one', () =>
    expect(parsed(fill(4_097))).toEqual([page('', '')]));

  it.each([
    ['leads on', items(), ',"next":"u"', ''],
    [
      'leads on, with brackets that do not come out even in its items',
      items('{"t":"[[]"}'),
      ',"next":"u"',
      '',
    ],
    ['leads on from before its values', items('[1]'), '', '"next":"u",'],
    ['is the last', items(), ',"page":3', '"pagelen":2,'],
    ['has lists in its items', items('{"a":[[1],[2,[3]],[]]}', '{"b":[]}'), '', ''],
    ['has lists alone', `[${large}],[[]]`, '', ''],
    ['has items that are no objects, and leads on', `1,${large},2`, ',"next":"u"', ''],
    ['has an object first, and leads on', `${large},[]`, ',"next":"u"', ''],
    ['has an object last, and leads on', `[],${large}`, ',"next":"u"', ''],
    ['opens a bracket in a text behind its values', items(), ',"t":"["', ''],
    ['has pairs of brackets in its texts', items('{"t":"[][x]"}'), '', ''],
  ])('of one that %s: what stands around its values, once', (_what, values, behind, before) => {
    expect(parsed(page(values, behind, before))).toEqual([page('', behind, before)]);
  });

  it.each([
    ['has no list', `{"a":${large}}`],
    ['has brackets in the wrong order', `{"b":"]","filler":${large},"a":"["}`],
  ])('of one that %s: all, at once', (_what, text) => {
    expect(parsed(text)).toEqual([text]);
  });

  it.each([
    ['has a bracket in a text before its values', page(items(), '', '"t":"[",')],
    ['has another list behind its values', page(items(), ',"more":[]')],
    ['has another list before them', page(items(), '', '"more":[],')],
    ['opens a bracket in a text', page(items('{"t":"["}'), '')],
    ['closes a bracket in a text', page(items('{"t":"]"}'), '')],
    ['closes before it opens, in a text', page(items('{"t":"]["}'), '')],
    ['closes one in its last item, and does not lead on', page(items('{"t":"[]]["}'), ',"page":1')],
    ['has a list of another name', `{"other":[${items()}],"next":"u"}`],
    [
      'has an object first and a text last, whose brackets are not even',
      page(`${items()},"["`, ',"next":"u"'),
    ],
    ['has a text first whose brackets are not even', page(`"[",${items()}`, ',"next":"u"')],
    ['leads on from before values whose brackets are not even', page(items('{"t":"["}'), '', '"next":"u",')],
    ['has a next that is no text', page(items('{"t":"["}'), ',"next":null')],
  ])('of one that %s: all of it in the end', (_what, text) => {
    expect(parsed(text).at(-1)).toBe(text);
  });

  it('a second time, as UTF-8, only where the next page is not told in ASCII', () => {
    const around = (next: string) => page('', `,"next":"${next}"`);
    const [plain, other] = ['https://x/?a=1', 'https://x/é'];
    expect(parsed(page(items('"é"'), `,"next":"${plain}"`))).toEqual([around(plain)]);
    expect(parsed(page(items(), `,"next":"${other}"`))).toHaveLength(2);
    expect(parsed(page(items('"é"'), ''))).toHaveLength(1);
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
