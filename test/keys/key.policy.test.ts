import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createKey, hashKey, parseKey, randomText } from '../../src/keys/key.ts';

const KEY = createKey('live').key;

it.each(['live', 'test'] as const)('a %s key tells its kind, its ID and that it is whole', (kind) => {
  const { key, id, hash } = createKey(kind);
  expect(key).toMatch(new RegExp(`^oanor_${kind}_${id}[0-9A-Za-z]{36}$`));
  expect(id).toMatch(/^[0-9A-Za-z]{8}$/);
  expect(parseKey(key)).toBe(id);
  expect(hash).toBe(createHash('sha256').update(key).digest('hex'));
  expect(hashKey(key)).toBe(hash);
});

it('no two keys are alike', () => {
  const keys = Array.from({ length: 1_000 }, () => createKey('live'));
  expect(new Set(keys.map(({ key }) => key)).size).toBe(1_000);
  expect(new Set(keys.map(({ id }) => id)).size).toBe(1_000);
});

it('one wrong character anywhere is seen without a look-up', () => {
  const wrong = fc.tuple(fc.nat(KEY.length - 1), fc.constantFrom(...'0aZ_ é')).map(([at, character]) => {
    return KEY.slice(0, at) + character + KEY.slice(at + 1);
  });
  fc.assert(
    fc.property(wrong, (text) => text === KEY || parseKey(text) === null),
    { numRuns: 2_000 },
  );
});

it.each([
  '',
  'oanor_live_',
  ` ${KEY}`,
  `${KEY} `,
  `${KEY}\n`,
  `${KEY}0`,
  KEY.slice(0, -1),
  KEY.toUpperCase(),
  KEY.replace('live', 'prod'),
  KEY.repeat(1_000),
])('%j is no key', (text) => expect(parseKey(text)).toBeNull());

it('random text uses every digit, each as often as the others', () => {
  const counts = new Map<string, number>();
  for (const digit of randomText(62_000)) counts.set(digit, (counts.get(digit) ?? 0) + 1);
  expect(counts.size).toBe(62);
  // Six standard deviations: once in millions of runs.
  for (const count of counts.values()) expect(Math.abs(count - 1_000)).toBeLessThan(200);
  expect(randomText(12)).toHaveLength(12);
});
