import fc from 'fast-check';
import { expect, it } from 'vitest';
import { dayOf, isoOf, monthAround } from '../../src/domain/calendar.ts';

const DAY_MS = 86_400_000;

it('the day and the text of any moments in any order', () => {
  const moment = fc.integer({ min: -400 * DAY_MS, max: 40_000 * DAY_MS });
  fc.assert(
    fc.property(
      fc.array(fc.tuple(moment, fc.constantFrom(0, 0.5, 1, 999, 1_000, DAY_MS - 1, DAY_MS))),
      (moments) => {
        for (const atMs of moments.flatMap(([first, later]) => [first, first + later])) {
          const text = new Date(atMs).toISOString();
          expect(isoOf(atMs)).toBe(text);
          expect(dayOf(atMs)).toBe(text.slice(0, 10));
        }
      },
    ),
  );
});

it('a part of a millisecond before 1970 is of 1970, as in a Date', () => {
  expect([isoOf(-0.5), dayOf(-0.5)]).toEqual(['1970-01-01T00:00:00.000Z', '1970-01-01']);
  expect(monthAround(-0.5)).toEqual({ startMs: 0, endMs: Date.UTC(1970, 1) });
});

it('what is no moment has no text, whatever was asked before', () => {
  isoOf(0);
  for (const none of [Number.NaN, Number.POSITIVE_INFINITY]) expect(() => isoOf(none)).toThrow(RangeError);
});
