import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  adopt,
  correct,
  count,
  createBudget,
  giveBack,
  growsInMs,
  hold,
  leftOf,
  markSpent,
  restOf,
} from '../../../src/egress/exits/budget.ts';
import { Heap } from '../../../src/egress/exits/heap.ts';
import { Rolling } from '../../../src/egress/exits/rolling.ts';
import { HOUR_MS } from './world.ts';

const used = (limit: number, ...times: number[]) => {
  const budget = createBudget(limit);
  for (const atMs of times) {
    hold(budget);
    count(budget, atMs);
  }
  return budget;
};

describe('a rolling hour', () => {
  it('counts like a list that is searched from one end to the other', () => {
    const change = fc.record({
      step: fc.nat({ max: HOUR_MS / 3 }),
      back: fc.nat({ max: 10_000 }),
      calls: fc.integer({ min: 1, max: 5 }),
      takesBack: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 60, size: 'max' }), (changes) => {
        const rolling = new Rolling();
        let list: { atMs: number; calls: number }[] = [];
        let nowMs = 0;
        for (const { step, back, calls, takesBack } of changes) {
          nowMs += step;
          list = list.filter(({ atMs, calls }) => atMs > nowMs - HOUR_MS && calls > 0);
          const known = list[back % Math.max(1, list.length)];
          if (takesBack && known !== undefined) {
            rolling.remove(known.atMs, calls);
            known.calls = Math.max(0, known.calls - calls);
          } else {
            const atMs = nowMs - back;
            rolling.add(atMs, calls);
            const same = list.find((run) => run.atMs === atMs);
            if (same === undefined) list.push({ atMs, calls });
            else same.calls += calls;
          }
          const counted = list.filter(({ atMs, calls }) => atMs > nowMs - HOUR_MS && calls > 0);
          const sorted = counted.sort((a, b) => a.atMs - b.atMs);
          expect(rolling.total(nowMs)).toBe(counted.reduce((sum, run) => sum + run.calls, 0));
          expect(rolling.oldestMs(nowMs)).toBe(sorted[0]?.atMs);
        }
      }),
    );
  });

  it('takes back only what was added with the same moment', () => {
    const rolling = new Rolling();
    rolling.add(1_000, 2);
    rolling.add(2_000, 2);
    rolling.remove(1_500, 1);
    rolling.remove(3_000, 1);
    expect(rolling.total(2_000)).toBe(4);
    rolling.remove(2_000, 9);
    expect(rolling.total(2_000)).toBe(2);
    rolling.remove(2_000, 1);
    expect(rolling.total(2_000)).toBe(2);
  });

  it('knows when so many calls will be gone', () => {
    const rolling = new Rolling();
    rolling.add(1_000, 1);
    rolling.add(2_000, 2);
    rolling.add(3_000, 1);
    const goneAtMs = (calls: number) => rolling.goneAtMs(calls, 3_000);
    expect([1, 2, 3, 4].map(goneAtMs)).toEqual([1_000, 2_000, 2_000, 3_000].map((ms) => ms + HOUR_MS));
    expect(goneAtMs(5)).toBeUndefined();
    expect(rolling.goneAtMs(1, 1_000 + HOUR_MS)).toBe(2_000 + HOUR_MS);
  });

  it('stays small however long it counts', () => {
    const rolling = new Rolling();
    for (let i = 0; i < 50_000; i += 1) {
      rolling.add(i * 1_000, 1);
      if (i % 100 === 0) rolling.total(i * 1_000);
    }
    expect(rolling.total(49_999_000)).toBe(3_600);
    expect(rolling.oldestMs(49_999_000)).toBe(49_999_000 - HOUR_MS + 1_000);
  });
});

describe('a heap', () => {
  it('gives the earliest first', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 50 }), { maxLength: 60, size: 'max' }), (moments) => {
        const heap = new Heap<number>();
        for (const [i, atMs] of moments.entries()) {
          heap.push(atMs, i);
          if (i % 5 === 4) heap.push(-1, -1);
          if (i % 5 === 4) heap.pop();
        }
        const order: number[] = [];
        for (let first = heap.first(); first !== undefined; first = heap.first()) {
          order.push(first.atMs);
          expect(moments[first.thing]).toBe(first.atMs);
          heap.pop();
        }
        expect(order).toEqual([...moments].sort((a, b) => a - b));
        heap.pop();
        expect(heap.first()).toBeUndefined();
      }),
    );
  });
});

describe('a budget', () => {
  it('counts a call from its beginning, and for an hour from its end', () => {
    const budget = createBudget(2);
    hold(budget);
    expect(leftOf(budget, 0)).toBe(1);
    expect(leftOf(budget, 9 * HOUR_MS)).toBe(1);
    count(budget, 9 * HOUR_MS);
    expect(leftOf(budget, 10 * HOUR_MS - 1)).toBe(1);
    expect(leftOf(budget, 10 * HOUR_MS)).toBe(2);
  });

  it('gets back what never left', () => {
    const budget = createBudget(2);
    hold(budget);
    giveBack(budget);
    expect([leftOf(budget, 6), budget.held]).toEqual([2, 0]);
  });

  it('is never less than nothing', () => {
    const budget = used(1, 0, 0, 0);
    expect(leftOf(budget, 1)).toBe(0);
  });

  it('believes the upstream downwards, never upwards', () => {
    const budget = used(60, 0);
    correct(budget, 10, 600_000, 1_000);
    expect(leftOf(budget, 1_000)).toBe(10);
    correct(budget, 50, 600_000, 2_000);
    expect(leftOf(budget, 2_000)).toBe(10);
    correct(budget, 10, 900_000, 2_000);
    expect(leftOf(budget, 600_999)).toBe(10);
    expect(leftOf(budget, 601_000)).toBe(59);
    correct(budget, 8, 1_000, 700_000);
    correct(budget, 5, 1_000, 700_500);
    expect(leftOf(budget, 700_500)).toBe(5);
    expect(leftOf(budget, 701_499)).toBe(5);
    expect(leftOf(budget, 701_500)).toBe(59);
  });

  it('adopts what the store says of other gateways, in both directions; they come back one by one', () => {
    const budget = used(60, 0);
    adopt(budget, 39, 1_000, 0);
    expect(leftOf(budget, 999)).toBe(39);
    expect([1_000, 60_999, 61_000, 121_000].map((ms) => leftOf(budget, ms))).toEqual([40, 40, 41, 42]);
    adopt(budget, 58, 5_000, 121_000);
    expect(leftOf(budget, 121_000)).toBe(58);
    adopt(budget, 99, 5_000, 121_000);
    expect(leftOf(budget, 121_000)).toBe(59);
    adopt(budget, 39, 1_000, 0);
    expect(leftOf(budget, HOUR_MS - 1)).toBe(59);
  });

  it('rests after a 429, and says how long; the later word stands', () => {
    const budget = createBudget(60);
    markSpent(budget, 90_000, 1_000);
    markSpent(budget, 5_000, 2_000);
    expect([leftOf(budget, 90_999), restOf(budget, 1_000), leftOf(budget, 91_000)]).toEqual([0, 90_000, 60]);
    expect(restOf(budget, 91_000)).toBe(0);
    const spentTwice = used(1, 1_000);
    markSpent(spentTwice, 10_000, 1_000);
    expect(restOf(spentTwice, 2_000)).toBe(HOUR_MS - 1_000);
  });

  it('rests until its oldest call is an hour old, or strangers or other gateways give back', () => {
    expect(restOf(used(1, 1_000), 2_000)).toBe(HOUR_MS - 1_000);
    expect(restOf(used(1, 1_000, 5_000), 6_000)).toBe(HOUR_MS - 1_000);
    expect(restOf(used(2, 1_000), 2_000)).toBe(0);
    const strangers = used(2, 1_000);
    correct(strangers, 0, 600_000, 2_000);
    expect(restOf(strangers, 2_000)).toBe(600_000);
    expect(restOf(strangers, 602_000)).toBe(0);
    const gateways = used(2, 1_000);
    adopt(gateways, 0, 700_000, 2_000);
    expect(restOf(gateways, 2_000)).toBe(700_000);
    const both = used(3, 1_000);
    adopt(both, -1, 700_000, 2_000);
    expect(restOf(both, 2_000)).toBe(1_900_000);
    adopt(both, -1, 700_000, HOUR_MS + 2_000);
    expect(restOf(both, HOUR_MS + 2_000)).toBe(700_000 + HOUR_MS / 3);
  });

  it('takes calls under way as counted from now on', () => {
    const budget = createBudget(1);
    hold(budget);
    expect(restOf(budget, 5_000)).toBe(HOUR_MS);
    const mixed = used(2, 1_000);
    hold(mixed);
    expect(restOf(mixed, 5_000)).toBe(HOUR_MS - 4_000);
  });

  it('says when time alone gives calls back', () => {
    expect(growsInMs(createBudget(60), 0)).toBe(Number.POSITIVE_INFINITY);
    expect(growsInMs(used(60, 1_000), 2_000)).toBe(HOUR_MS - 1_000);
    const budget = used(60, 1_000);
    correct(budget, 3, 500_000, 2_000);
    expect(growsInMs(budget, 2_000)).toBe(500_000);
    adopt(budget, 3, 400_000, 2_000);
    expect(growsInMs(budget, 2_000)).toBe(400_000);
    expect(growsInMs(budget, 402_000)).toBe(60_000);
    expect(growsInMs(budget, 431_000)).toBe(31_000);
    markSpent(budget, 300_000, 2_000);
    expect(growsInMs(budget, 2_000)).toBe(300_000);
  });

  it('of a million calls counts each half a second longer at most, and keeps no moment for each', () => {
    const budget = createBudget(1_000_000);
    for (let i = 0; i < 100_000; i += 1) {
      hold(budget);
      count(budget, 1_000 + i / 1_000);
    }
    expect(leftOf(budget, 1_100)).toBe(900_000);
    expect(leftOf(budget, 1_000 + HOUR_MS)).toBe(900_001);
    expect(leftOf(budget, 1_500 + HOUR_MS)).toBe(1_000_000);
    const exact = createBudget(7_200);
    hold(exact);
    count(exact, 1_001);
    expect([leftOf(exact, HOUR_MS + 1_000), leftOf(exact, HOUR_MS + 1_001)]).toEqual([7_199, 7_200]);
    const rounded = createBudget(7_201);
    hold(rounded);
    count(rounded, 1_001);
    expect([leftOf(rounded, HOUR_MS + 1_499), leftOf(rounded, HOUR_MS + 1_500)]).toEqual([7_200, 7_201]);
  });
});
