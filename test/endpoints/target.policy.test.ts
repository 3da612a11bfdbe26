import fc from 'fast-check';
import { expect, it } from 'vitest';
import { at, encodePath, withQuery } from '../../src/endpoints/target.ts';

it('no value leaves its segment', () => {
  expect(at`/a/${'../b?c#d'}/e`.target).toBe('/a/..%2Fb%3Fc%23d/e');
  expect(encodePath('a#b/c?d/e f/ü%')).toBe('a%23b/c%3Fd/e%20f/%C3%BC%25');
});

it.each(['.', '..'])('%s is refused as a value, since no encoding keeps it in its place', (text) => {
  expect(() => at`/a/${text}/e`).toThrow('a dot segment');
  expect(() => encodePath(`a/${text}/b`)).toThrow('a dot segment');
});

it('a URL parser finds each value where it was put', () => {
  const value = fc
    .string({ unit: 'grapheme' })
    .filter((text) => text.isWellFormed() && !/^\.{0,2}$/.test(text));
  fc.assert(
    fc.property(value, value, (a, b) => {
      const { pathname, search } = new URL(`https://x${at`/r/${a}/${b}`.with({ q: b }).target}`);
      expect(pathname.split('/').map(decodeURIComponent)).toEqual(['', 'r', a, b]);
      expect(new URLSearchParams(search).get('q')).toBe(b);
    }),
  );
});

it.each([
  [{}, '/x'],
  [{ a: undefined }, '/x'],
  [{ a: '' }, '/x?a='],
  [
    { q: 'a&b="c"', none: undefined, state: ['OPEN', 'MERGED'], page: 2 },
    '/x?q=a%26b%3D%22c%22&state=OPEN&state=MERGED&page=2',
  ],
])('%j becomes %s', (query, target) => {
  expect(withQuery('/x', query)).toBe(target);
});
