import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parseQuery, shorten } from '../../src/input/query-string.ts';

const valuesOf = (raw: string) => {
  const query = parseQuery(raw);
  return query.ok ? Object.fromEntries(query.values) : query.details;
};

it.each([
  ['', {}],
  ['&&', {}],
  ['a=1&b=2', { a: '1', b: '2' }],
  ['a', { a: '' }],
  ['a=', { a: '' }],
  ['=a', { '': 'a' }],
  ['a=b=c', { a: 'b=c' }],
  ['a=x+y%2B', { a: 'x y+' }],
  ['a%20b=1', { 'a b': '1' }],
  ['a=%C3%BC', { a: 'ü' }],
])('%j', (raw, values) => {
  expect(valuesOf(raw)).toEqual(values);
});

it.each([
  ['a=%', 'a', 'The percent-encoding of `a` is broken.'],
  ['a=%ff', 'a', 'The percent-encoding of `a` is broken.'],
  ['a=1&a=1', 'a', '`a` was given more than once.'],
  ['a=1&%61=2', 'a', '`a` was given more than once.'],
])('%s', (raw, parameter, message) => {
  expect(valuesOf(raw)).toEqual([{ parameter, message }]);
});

it('names each thing that is wrong', () => {
  expect(valuesOf('a=%&b=1&b=2&c=3')).toMatchObject([{ parameter: 'a' }, { parameter: 'b' }]);
});

it('takes 50 parameters', () => {
  const of = (count: number) => Array.from({ length: count }, (_, i) => `p${i}=1`).join('&');
  expect(parseQuery(of(50)).ok).toBe(true);
  expect(valuesOf(of(51))).toEqual([{ parameter: '', message: 'More than 50 parameters were given.' }]);
});

it('a name is shown as far as it can be read', () => {
  expect([shorten('a'.repeat(40)), shorten('a'.repeat(41))]).toEqual(['a'.repeat(40), `${'a'.repeat(40)}…`]);
});

it('reads back what a client wrote, and never throws', () => {
  const word = fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => text.isWellFormed());
  fc.assert(
    fc.property(fc.dictionary(word, word, { maxKeys: 20 }), (given) => {
      const raw = Object.entries(given)
        .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
        .join('&');
      expect(parseQuery(raw)).toEqual({ ok: true, values: new Map(Object.entries(given)) });
    }),
  );
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (raw) => void parseQuery(raw)));
});
