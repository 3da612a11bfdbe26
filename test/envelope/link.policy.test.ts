import fc from 'fast-check';
import { expect, it } from 'vitest';
import { linkHeaderOf, type PageLinks, type Param } from '../../src/envelope/link.ts';

const BASE = 'https://api.example/bitbucket-api/v1/repo';

it.each<[string, PageLinks, string | undefined]>([
  ['nowhere', {}, undefined],
  ['on', { next: [['page', '2']] }, `<${BASE}?page=2>; rel="next"`],
  [
    'everywhere, in one order',
    { first: [['page', '1']], prev: [['page', '2']], next: [['page', '4']] },
    `<${BASE}?page=4>; rel="next", <${BASE}?page=2>; rel="prev", <${BASE}?page=1>; rel="first"`,
  ],
  [
    'on, with several parameters in their order',
    {
      next: [
        ['workspace', 'a'],
        ['q', 'name ~ "b"'],
      ],
    },
    `<${BASE}?workspace=a&q=name%20~%20%22b%22>; rel="next"`,
  ],
])('a page that leads %s', (_where, links, header) => expect(linkHeaderOf(BASE, links)).toBe(header));

it('any parameters come back out of it as they were, and nothing else can be read in it', () => {
  const text = fc.string({ unit: 'grapheme' }).filter((given) => given.isWellFormed());
  const params: fc.Arbitrary<Param[]> = fc.array(fc.tuple(text, text), { minLength: 1 });
  fc.assert(
    fc.property(params, (next) => {
      const [, url = ''] = /^<([^<>\s]*)>; rel="next"$/.exec(linkHeaderOf(BASE, { next }) ?? '') ?? [];
      expect([...new URL(url).searchParams]).toEqual(next);
      expect(url).toMatch(/^[\x21-\x7e]+$/);
    }),
  );
});
