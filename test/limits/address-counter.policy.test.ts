import { expect, it } from 'vitest';
import { createAddressCounter } from '../../src/limits/address-counter.ts';

const WINDOW_MS = 60_000;
const MOST = 20_000;

function counterAt(start: number) {
  const time = { nowMs: start };
  const clock = { now: () => Number.NaN, monotonic: () => time.nowMs, after: () => () => {} };
  return { time, counter: createAddressCounter(clock, WINDOW_MS) };
}

it('an address has its own count, and a new one when its window is over', () => {
  const { time, counter } = counterAt(500);
  expect(counter.count('a')).toEqual({ current: 1, ttl: WINDOW_MS });
  time.nowMs += WINDOW_MS - 1;
  expect(counter.count('a')).toEqual({ current: 2, ttl: 1 });
  expect(counter.count('b')).toEqual({ current: 1, ttl: WINDOW_MS });
  time.nowMs += 1;
  expect(counter.count('a')).toEqual({ current: 1, ttl: WINDOW_MS });
});

it('of more addresses than there is room for, the one whose window began first is forgotten', () => {
  const { time, counter } = counterAt(0);
  for (const address of ['a', 'b']) counter.count(address);
  time.nowMs = WINDOW_MS;
  counter.count('a');
  for (let i = 0; i < MOST - 2; i += 1) counter.count(`address ${i}`);
  // All are known still; `b`, whose window is the oldest, begins another one.
  expect(counter.count('a').current).toBe(2);
  expect(counter.count('one more').current).toBe(1);
  expect(counter.count('a').current).toBe(3);
  expect(counter.count('and another').current).toBe(1);
  expect(counter.count('a').current).toBe(1);
  expect(counter.count('address 1').current).toBe(2);
});
