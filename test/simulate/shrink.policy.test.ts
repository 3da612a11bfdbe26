import { describe, expect, it } from 'vitest';
import { drawPlan } from './draw.ts';
import { shortestOf } from './shrink.ts';

describe('a shorter history', () => {
  const all = Array.from({ length: 97 }, (_, i) => i);

  it.each([[[3]], [[0, 96]], [[10, 50, 51]], [[]]])(
    'keeps what it takes to fail, and nothing else: %j',
    async (needed) => {
      const breaks = async (some: readonly number[]) => needed.every((one) => some.includes(one));
      expect(await shortestOf(all, breaks, 1_000)).toEqual(needed);
    },
  );

  it('is the best one found when the tries are used up', async () => {
    let tries = 0;
    const found = await shortestOf(
      all,
      async (some) => {
        tries += 1;
        return some.includes(5) && some.includes(90);
      },
      20,
    );
    expect(tries).toBeLessThanOrEqual(20);
    expect(found).toEqual(expect.arrayContaining([5, 90]));
  });
});

describe('a plan', () => {
  it('is the same for the same seed, in the order of time, with calls numbered from 1', () => {
    for (let seed = 1; seed < 40; seed += 1) {
      const { events } = drawPlan(seed);
      expect(drawPlan(seed).events).toEqual(events);
      expect(events.map(({ atMs }) => atMs)).toEqual(events.map(({ atMs }) => atMs).sort((a, b) => a - b));
      const numbers = events.flatMap((event) => (event.do === 'call' ? [event.n] : []));
      expect(numbers).toEqual(numbers.map((_, i) => i + 1));
    }
  });
});
