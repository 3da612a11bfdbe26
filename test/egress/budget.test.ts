import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { correct, createBudget, giveBack, leftOf, markSpent, restOf, take } from '../../src/egress/budget.ts';

const HOUR_MS = 3_600_000;

describe('a budget', () => {
  it('never allows more than its limit in any 60 minutes', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 }),
        fc.array(fc.integer({ min: 0, max: HOUR_MS / 2 }), { maxLength: 60 }),
        (limit, steps) => {
          const budget = createBudget(limit);
          const taken: number[] = [];
          let nowMs = 0;
          for (const step of steps) {
            nowMs += step;
            if (leftOf(budget, nowMs) === 0) continue;
            take(budget, nowMs);
            taken.push(nowMs);
          }
          for (const [i, time] of taken.entries())
            expect((taken[i + limit] ?? Number.POSITIVE_INFINITY) - time).toBeGreaterThanOrEqual(HOUR_MS);
        },
      ),
    );
  });

  it('gets back what never left', () => {
    const budget = createBudget(2);
    take(budget, 5);
    giveBack(budget, 5);
    expect(leftOf(budget, 6)).toBe(2);
  });

  it('believes the upstream downwards, never upwards', () => {
    const budget = createBudget(60);
    take(budget, 0);
    correct(budget, 10, 600_000, 1_000);
    expect(leftOf(budget, 1_000)).toBe(10);
    correct(budget, 50, 600_000, 2_000);
    expect(leftOf(budget, 2_000)).toBe(10);
    expect(leftOf(budget, 601_000)).toBe(59);
  });

  it('rests after a 429, and says how long', () => {
    const budget = createBudget(60);
    markSpent(budget, 90_000, 1_000);
    expect([leftOf(budget, 90_999), restOf(budget, 1_000), leftOf(budget, 91_000)]).toEqual([0, 90_000, 60]);
  });

  it('rests until its oldest call is an hour old', () => {
    const budget = createBudget(1);
    take(budget, 1_000);
    expect(restOf(budget, 2_000)).toBe(HOUR_MS - 1_000);
  });
});
