import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chooseOne, costOf, drawDistinct } from '../../../src/egress/exits/choice.ts';
import { createRandom } from './world.ts';

describe('drawing', () => {
  it('gives different numbers below the count, as many as wanted', () => {
    fc.assert(
      fc.property(fc.nat({ max: 30 }), fc.nat({ max: 8 }), fc.nat(), (count, wanted, seed) => {
        const drawn = drawDistinct(count, wanted, createRandom(seed));
        expect(drawn).toHaveLength(Math.min(count, wanted));
        expect(new Set(drawn).size).toBe(drawn.length);
        for (const number of drawn) expect(number >= 0 && number < count).toBe(true);
      }),
    );
  });

  it('of two, makes each pair as likely as any other', () => {
    const random = createRandom(7);
    const seen = new Map<string, number>();
    for (let i = 0; i < 12_000; i += 1) {
      const pair = drawDistinct(4, 2, random).sort().join();
      seen.set(pair, (seen.get(pair) ?? 0) + 1);
    }
    expect(seen.size).toBe(6);
    for (const times of seen.values()) expect(Math.abs(times - 2_000)).toBeLessThan(250);
  });
});

describe('the cost of an exit', () => {
  const exit = { latencyMs: 50, inFlight: 0 };
  it.each([
    ['slow', { latencyMs: 60, inFlight: 0 }, 10],
    ['busy', { latencyMs: 50, inFlight: 1 }, 10],
    ['nearly spent', exit, 9],
    ['not known', { latencyMs: null, inFlight: 0 }, 10],
  ])('%s costs more', (_what, other, left) => {
    expect(costOf(other, left)).toBeGreaterThan(costOf(exit, 10));
  });

  it('of one that is not known is that of a tenth of a second', () => {
    expect(costOf({ latencyMs: null, inFlight: 2 }, 6)).toBe(50);
    expect(costOf({ latencyMs: 100, inFlight: 2 }, 6)).toBe(50);
  });
});

describe('the choice', () => {
  const things = (...latencies: number[]) => latencies.map((latencyMs) => ({ latencyMs, inFlight: 0 }));
  const left = () => 10;

  it('of two is the better one, always', () => {
    const [good, bad] = things(50, 60);
    for (let seed = 0; seed < 50; seed += 1) {
      expect(chooseOne([good!, bad!], [], left, createRandom(seed))).toBe(good);
      expect(chooseOne([bad!, good!], [], left, createRandom(seed))).toBe(good);
    }
  });

  it('looks at what is left', () => {
    const [one, two] = things(50, 50);
    const leftOf = (thing: unknown) => (thing === one ? 5 : 6);
    expect(chooseOne([one!, two!], [], leftOf, createRandom())).toBe(two);
  });

  it('never is the worst of several, and reaches all others', () => {
    const all = things(10, 20, 30, 40, 50);
    const random = createRandom(3);
    const chosen = new Set(Array.from({ length: 500 }, () => chooseOne(all, [], left, random)));
    expect(chosen).toEqual(new Set(all.slice(0, 4)));
  });

  it('stays outside what is avoided while there is another, be it the worst', () => {
    const all = things(10, 20, 30, 40);
    for (let seed = 0; seed < 50; seed += 1) {
      const random = createRandom(seed);
      expect(chooseOne(all, all.slice(0, 3), left, random)).toBe(all[3]);
      expect(all).toContain(chooseOne(all, all, left, random));
    }
  });

  it('of nothing is nothing', () => {
    expect(chooseOne([], [], left, createRandom())).toBeUndefined();
  });

  it('looks at as many for ten thousand as for ten', () => {
    let looks = 0;
    const counting = () => {
      looks += 1;
      return 10;
    };
    const many = things(...Array.from({ length: 10_000 }, (_, i) => i));
    chooseOne(many, [], counting, createRandom());
    expect(looks).toBe(2);
  });
});
