import fc from 'fast-check';
import { expect, it } from 'vitest';
import { decodeOnce, hasDotSegment, isSendable, withoutSlashes } from '../../src/input/segments.ts';

it.each(['.', '..', 'a/..', './a', 'a\\..', '%2e', '%2E%2e/a', '%252e', 'a%2f..', 'a%5c.%5cb'])(
  '%s moves',
  (path) => {
    expect(hasDotSegment(path)).toBe(true);
  },
);

it.each(['', 'a', '...', '.a', 'a.', 'a/b', '..a/b..', '%2', '%zz', '%25252e'])('%j stays', (path) => {
  expect(hasDotSegment(path)).toBe(false);
});

it.each([
  ['%41%42', 'AB'],
  ['%c3%bc', 'ü'],
  ['a%c3b', 'a%c3b'],
  ['%C3%A4%zz', 'ä%zz'],
  ['100%', '100%'],
])('%s is decoded as far as it can be: %s', (text, decoded) => {
  expect(decodeOnce(text)).toBe(decoded);
});

it.each([
  ['a ü 😀', true],
  ['\u0000', false],
  ['\u001f', false],
  ['\u007f', false],
  ['\u009f', false],
  ['\u00a0', true],
  ['\ud800', false],
])('%j may be sent: %s', (text, sendable) => {
  expect(isSendable(text)).toBe(sendable);
});

it('slashes go from both ends and stay in between', () => {
  const slashes = fc.stringMatching(/^\/{0,4}$/);
  fc.assert(
    fc.property(slashes, fc.stringMatching(/^[a/]{0,6}$/), slashes, (before, text, after) => {
      expect(withoutSlashes(before + text + after)).toBe(text.replace(/^\/+/, '').replace(/\/+$/, ''));
    }),
  );
});
