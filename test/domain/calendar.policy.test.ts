import fc from 'fast-check';
import { expect, it } from 'vitest';
import { dayOf } from '../../src/domain/calendar.ts';

const DAY_MS = 86_400_000;

it('the day of any moments in any order', () => {
  const moment = fc.integer({ min: -400 * DAY_MS, max: 40_000 * DAY_MS });
  fc.assert(
    fc.property(fc.array(fc.tuple(moment, fc.constantFrom(0, 1, DAY_MS - 1, DAY_MS))), (moments) => {
      for (const atMs of moments.flatMap(([first, later]) => [first, first + later]))
        expect(dayOf(atMs)).toBe(new Date(atMs).toISOString().slice(0, 10));
    }),
  );
});
