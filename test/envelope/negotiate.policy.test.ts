import fc from 'fast-check';
import { expect, it } from 'vitest';
import { negotiate } from '../../src/envelope/negotiate.ts';

it.each([
  [undefined, 'identity'],
  ['', 'identity'],
  ['identity', 'identity'],
  ['gzip', 'gzip'],
  ['x-gzip', 'gzip'],
  ['GZIP;Q=0.5', 'gzip'],
  ['br', 'br'],
  ['zstd', 'zstd'],
  ['deflate', 'identity'],
  ['*', 'gzip'],
  ['*;q=0.1', 'gzip'],
  ['gzip, deflate, br, zstd', 'gzip'],
  ['zstd, br', 'zstd'],
  ['gzip;q=0.5, br', 'br'],
  ['gzip;q=0.5, br;q=0.7, zstd;q=0.6', 'br'],
  ['br;q=1.0, gzip;q=0.8, *;q=0.1', 'br'],
  ['gzip;q=0, *', 'identity'],
  ['gzip;q=0, br', 'br'],
  ['gzip;q=0', 'identity'],
  ['gzip, identity', 'gzip'],
  ['gzip;q=0.2, identity;q=0.8', 'identity'],
  ['gzip;q=0.2, identity;q=0.1', 'gzip'],
  ['gzip;q=0.2, *;q=0.8', 'gzip'],
  ['identity;q=0', 'gzip'],
  ['*;q=0', 'gzip'],
  ['gzip;q=0, identity;q=0', 'gzip'],
  ['br, identity;q=0', 'br'],
  ['gzip;q=7', 'gzip'],
  ['gzip;q=much', 'gzip'],
  ['gzip ; q = 0.3 , br ; q=0.2', 'gzip'],
  ['gzip;q=0.000', 'identity'],
  ['gzip;foo=0;q=0', 'identity'],
  ['gzip;xq=0', 'gzip'],
  ['gzip;q=0x', 'gzip'],
  ['gzip;qs=0', 'gzip'],
])('%j: %s', (accept, encoding) => expect(negotiate(accept).encoding).toBe(encoding));

it.each([
  [undefined, true],
  ['gzip', true],
  ['gzip, identity;q=0', false],
  ['gzip, *;q=0', false],
  ['gzip, *;q=0, identity;q=0.1', true],
  ['identity;q=0', false],
])('%j: may be plain: %s', (accept, isPlainFine) => expect(negotiate(accept).isPlainFine).toBe(isPlainFine));

it('what is said to be refused is never chosen where anything else would do', () => {
  const names = ['gzip', 'br', 'zstd', 'identity', 'deflate'] as const;
  const weights = fc.dictionary(fc.constantFrom(...names), fc.constantFrom(0, 0.001, 0.3, 0.5, 1));
  fc.assert(
    fc.property(weights, (weights) => {
      const { encoding } = negotiate(
        Object.entries(weights)
          .map(([name, q]) => `${name};q=${q}`)
          .join(','),
      );
      const ours = names.slice(0, 4);
      const weightOf = (name: (typeof names)[number]) => weights[name] ?? (name === 'identity' ? 0.0001 : 0);
      const best = Math.max(...ours.map(weightOf));
      expect(weightOf(encoding)).toBe(best === 0 ? weightOf('gzip') : best);
    }),
  );
});
