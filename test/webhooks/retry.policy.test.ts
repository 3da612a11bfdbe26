import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  afterFailure,
  LONGEST_WAIT_MS,
  TRIED_FOR_MS,
  type Tried,
  UNTRIED,
} from '../../src/webhooks/retry.ts';

/** All waits of an event that is never taken. */
function waitsOf(random: () => number): number[] {
  const waits: number[] = [];
  for (let tried: Tried = UNTRIED; ; ) {
    const next = afterFailure(tried, random);
    if (next === 'given up') return waits;
    waits.push(next.waitMs);
    tried = next.tried;
  }
}
const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);

describe('an event that failed', () => {
  it('is tried again after 1 s, then at twice the wait, 5 minutes at most', () => {
    expect(waitsOf(() => 1).slice(0, 11)).toEqual([
      ...[1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 64_000, 128_000, 256_000],
      ...[300_000, 300_000],
    ]);
  });

  it('waits at least half of that, wherever chance falls', () => {
    expect(waitsOf(() => 0).slice(0, 11)).toEqual([
      ...[1_000, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 64_000, 128_000],
      ...[150_000, 150_000],
    ]);
    expect(waitsOf(() => 0.5)[2]).toBe(3_000);
  });

  it('counts what was tried and waited', () => {
    expect(afterFailure({ failures: 2, waitedMs: 3_000 }, () => 1)).toEqual({
      waitMs: 4_000,
      tried: { failures: 3, waitedMs: 7_000 },
    });
  });

  it('is given up after a day of waiting, and not before', () => {
    expect(afterFailure({ failures: 300, waitedMs: TRIED_FOR_MS - 1 }, () => 0)).toMatchObject({
      waitMs: 150_000,
    });
    expect(afterFailure({ failures: 300, waitedMs: TRIED_FOR_MS }, () => 0)).toBe('given up');
    expect(TRIED_FOR_MS).toBe(24 * 60 * 60 * 1_000);
  });

  it('for any chance: a day in all, whole milliseconds, no wait above the longest', () => {
    fc.assert(
      fc.property(
        fc.infiniteStream(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })),
        (numbers) => {
          const waits = waitsOf(() => numbers.next().value ?? 0);
          expect(
            waits.every((wait) => Number.isInteger(wait) && wait >= 1_000 && wait <= LONGEST_WAIT_MS),
          ).toBe(true);
          expect(sum(waits)).toBeGreaterThanOrEqual(TRIED_FOR_MS);
          expect(sum(waits)).toBeLessThan(TRIED_FOR_MS + LONGEST_WAIT_MS);
        },
      ),
      { numRuns: 20 },
    );
  });
});
