import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseRef, ref } from '../../src/input/ref.ts';

it.each([
  ['main', 'main'],
  ['  main  ', 'main'],
  ['\u00a0main\u2003', 'main'],
  ['feature/x', 'feature/x'],
  ['a.b', 'a.b'],
  ['a-b', 'a-b'],
  ['a@b', 'a@b'],
  ['@a', '@a'],
  ['a@', 'a@'],
  ['a{b', 'a{b'],
  ['.locker', null],
  ['a.locker', 'a.locker'],
  ['größe', 'größe'],
])('%j is %j', (text, name) => {
  expect(parseRef(text)).toEqual(name === null ? { fault: expect.any(String) } : { value: name });
});

describe('what git refuses is refused', () => {
  it.each([
    ...['a b', 'a~1', 'a^', 'a:b', 'a?', 'a*', 'a[b', 'a\\b', 'a..b', 'a@{1}', 'a//b', '/a', 'a/', 'a.'],
    ...['.a', 'a/.b', 'a.lock', 'a.lock/b', '@', '-a'],
  ])('%s', (text) => {
    expect(parseRef(text)).toEqual({
      fault: '`ref` is no name that git allows for a branch, tag or commit.',
    });
  });

  it.each([
    ['', '`ref` is empty.'],
    [' \u00a0 ', '`ref` is empty.'],
    ['a\u0007', '`ref` contains a control character.'],
    ['main\n', '`ref` contains a control character.'],
    ['a\ud800', '`ref` contains a control character.'],
    ['a/../b', '`ref` contains a dot segment.'],
    ['%2e%2e', '`ref` contains a dot segment.'],
    ['a/%252e/b', '`ref` contains a dot segment.'],
  ])('%j: %s', (text, fault) => {
    expect(parseRef(text)).toEqual({ fault });
  });
});

it('is never empty and never has blanks around it, whatever came', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.string({ unit: 'binary' }), fc.stringMatching(/^[\s\u00a0a./@]{0,8}$/)),
      (text) => {
        const parsed = parseRef(text);
        if ('fault' in parsed) return;
        expect(parsed.value).toMatch(/^\S(?:.*\S)?$/su);
        expect(parsed.value).toBe(text.trim());
        expect(parseRef(parsed.value)).toEqual(parsed);
      },
    ),
  );
});

// 212 ms each before lengths were bounded first: 8 s of a blocked loop here.
it('nothing looks at a text that is too long', () => {
  const startedAtMs = performance.now();
  for (let i = 0; i < 40; i += 1) {
    const { error } = ref.safeParse(`a${' '.repeat(15_000)}a`);
    expect(error?.issues.map(({ message }) => message)).toEqual(['`ref` is longer than 1024 characters.']);
  }
  expect(performance.now() - startedAtMs).toBeLessThan(3_000);
});
