import { expect, test } from 'vitest';
import { createSession } from '../../../src/egress/sources/session-name.ts';

test.each([
  [false, /^[a-z0-9]{8}$/],
  [true, /^[0-9]{8}$/],
])('a session (digits: %s) is 8 characters of its alphabet', (digits, shape) => {
  const sessions = Array.from({ length: 1000 }, () => createSession({ digits }, Math.random));
  for (const session of sessions) expect(session).toMatch(shape);
  expect(new Set(sessions).size).toBeGreaterThan(990);
});

test('the ends of the alphabet are reached and not passed', () => {
  expect(createSession({ digits: true }, () => 0)).toBe('00000000');
  expect(createSession({ digits: false }, () => 0.999_999_999)).toBe('99999999');
});
