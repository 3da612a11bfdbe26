import fc from 'fast-check';
import { expect, it } from 'vitest';
import { parseExact } from '../../src/envelope/exact-json.ts';

const TOKENS = [
  '0',
  '-0',
  '1',
  '1.0',
  '-1.50',
  '1e3',
  '1E+3',
  '12345678901234567890',
  '0.1000',
  '1e400',
  '1e-400',
];

it.each([...TOKENS, '"1.0"', 'true', 'null', '"a"', '[1.0,{"a":2.50,"b":"2.50"}]'])(
  '%s is written as it came',
  (text) => expect(JSON.stringify(parseExact(text))).toBe(text),
);

it('what a double holds is a number, all else its text', () => {
  expect(parseExact('[1,2.5,"1.0"]')).toEqual([1, 2.5, '1.0']);
  expect(parseExact('1.0')).not.toBe(1);
});

it.each(['', '{', '01', '1.'])('%j is no JSON', (text) =>
  expect(() => parseExact(text)).toThrow(SyntaxError),
);

it('any document comes back byte for byte', () => {
  const number = fc.oneof(
    fc.double({ noDefaultInfinity: true, noNaN: true }).map(String),
    fc.constantFrom(...TOKENS),
  );
  const document = fc
    .array(fc.tuple(fc.json({ noUnicodeString: false }), number))
    .map((parts) => `[${parts.map(([json, token]) => `${JSON.stringify(json)},${token}`).join()}]`);
  fc.assert(
    fc.property(document, (text) => {
      expect(JSON.stringify(parseExact(text))).toBe(text);
    }),
  );
});
