import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  free,
  grant,
  hold,
  isIdle,
  newWindow,
  openIn,
  type Place,
  readWindow,
  reserve,
  type Window,
} from '../../src/limits/window.ts';

const placeAt = (window: Window, limit: number, nowMs: number): Place => {
  const place = reserve(window, limit, nowMs);
  if (typeof place === 'number') throw new Error(`refused for ${place} ms`);
  return place;
};

/** Of a window in which nothing waits. */
const copyOf = ({ times, head }: Window): Window => ({ ...newWindow(), times: [...times], head });

const granted = (window: Window, limit: number, nowMs: number) => {
  const place = placeAt(window, limit, nowMs);
  hold(window, place, limit, nowMs);
  grant(window, place, nowMs);
};

describe('the second', () => {
  it('never grants more than the limit within any 1,000 ms, however long verdicts take', () => {
    const step = fc.record({
      passMs: fc.integer({ min: 0, max: 400 }),
      what: fc.constantFrom('call', 'leave', 'settle', 'refuse'),
      which: fc.nat(20),
    });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), fc.array(step, { maxLength: 150 }), (limit, steps) => {
        const window = newWindow();
        const held: Place[] = [];
        const admitted: number[] = [];
        let nowMs = 0;
        for (const { passMs, what, which } of steps) {
          nowMs += passMs;
          if (what === 'call' || what === 'leave') {
            const place = reserve(window, limit, nowMs);
            if (typeof place === 'number') continue;
            if (what === 'call' && hold(window, place, limit, nowMs)) held.push(place);
            continue;
          }
          const [place] = held.splice(which % Math.max(1, held.length), 1);
          if (place === undefined) continue;
          if (what === 'refuse') free(window, place);
          else {
            grant(window, place, nowMs);
            admitted.push(nowMs);
          }
        }
        for (const [i, time] of admitted.entries())
          expect((admitted[i + limit] ?? Number.POSITIVE_INFINITY) - time).toBeGreaterThan(1_000);
      }),
    );
  });

  it('admits as soon as it says, when nothing but time passes', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 }),
        fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 60 }),
        (limit, gaps) => {
          const window = newWindow();
          let nowMs = 0;
          for (const gap of gaps) {
            nowMs += gap;
            const place = reserve(window, limit, nowMs);
            if (typeof place !== 'number') {
              hold(window, place, limit, nowMs);
              grant(window, place, nowMs);
              continue;
            }
            expect(typeof reserve(copyOf(window), limit, nowMs + place - 1.01)).toBe('number');
            expect(typeof reserve(copyOf(window), limit, nowMs + place)).toBe('object');
          }
        },
      ),
    );
  });

  it('counts both of its ends', () => {
    const window = newWindow();
    granted(window, 1, 0);
    expect(reserve(window, 1, 1_000)).toBe(1);
    expect(typeof reserve(window, 1, 1_001)).toBe('object');
  });

  it('counts a grant from the verdict, not from the question', () => {
    const window = newWindow();
    const place = placeAt(window, 1, 0);
    hold(window, place, 1, 0);
    expect(reserve(window, 1, 5_000)).toBe(1_001);
    grant(window, place, 5_000);
    expect(reserve(window, 1, 5_500)).toBe(501);
    expect(typeof reserve(window, 1, 6_001)).toBe('object');
  });

  it('does not count what is refused', () => {
    const window = newWindow();
    const place = placeAt(window, 1, 0);
    hold(window, place, 1, 0);
    free(window, place);
    expect(place.state).toBe('free');
    expect(isIdle(window, 0)).toBe(true);
    expect(readWindow(window, 1, 0)).toEqual({ limit: 1, remaining: 1, resetMs: 0 });
    grant(window, place, 0);
    free(window, place);
    expect([isIdle(window, 0), readWindow(window, 1, 0).remaining]).toEqual([true, 1]);
  });

  it('takes nothing away from a call that was granted', () => {
    const window = newWindow();
    const place = placeAt(window, 1, 0);
    hold(window, place, 1, 0);
    grant(window, place, 0);
    free(window, place);
    expect([isIdle(window, 1_000), place.state]).toEqual([false, 'granted']);
    expect(isIdle(window, 1_001)).toBe(true);
  });

  it('keeps the place of a call that is never spent for a second from then', () => {
    const window = newWindow();
    placeAt(window, 2, 0);
    expect([openIn(window, 1_000), openIn(window, 1_001)]).toEqual([1, 0]);
    expect(isIdle(window, 1_001)).toBe(true);
  });

  it('gives a place that lapsed back where one is free, and not otherwise', () => {
    const window = newWindow();
    const [one, two] = [placeAt(window, 2, 0), placeAt(window, 2, 0)];
    expect(hold(window, one, 2, 2_000)).toBe(true);
    granted(window, 2, 2_000);
    expect(hold(window, two, 2, 2_000)).toBe(false);
    expect(openIn(window, 2_000)).toBe(0);
    expect(hold(window, two, 2, 3_001)).toBe(true);
  });

  it('keeps a lowered limit at once, and says when enough are gone', () => {
    const window = newWindow();
    for (let i = 0; i < 5; i += 1) granted(window, 5, i);
    expect(reserve(window, 2, 10)).toBe(994);
    expect(readWindow(window, 2, 10)).toEqual({ limit: 2, remaining: 0, resetMs: 994 });
  });

  it('reads what is left and when all of it is free', () => {
    const window = newWindow();
    expect(readWindow(window, 3, 0)).toEqual({ limit: 3, remaining: 3, resetMs: 0 });
    granted(window, 3, 0);
    placeAt(window, 3, 400);
    expect(readWindow(window, 3, 600)).toEqual({ limit: 3, remaining: 1, resetMs: 800 });
    const place = placeAt(window, 3, 600);
    hold(window, place, 3, 600);
    expect(readWindow(window, 3, 900)).toEqual({ limit: 3, remaining: 0, resetMs: 1_000 });
  });

  it('says the earliest end of an open place, behind held ones too', () => {
    const window = newWindow();
    const held = placeAt(window, 2, 0);
    hold(window, held, 2, 0);
    placeAt(window, 2, 100);
    expect(reserve(window, 2, 300)).toBe(801);
  });

  it('stays small however many calls pass', () => {
    const window = newWindow();
    for (let i = 0; i < 5_000; i += 1) granted(window, 10, i * 101);
    expect(window.times.length).toBeLessThan(200);
    expect(readWindow(window, 10, 5_000 * 101).remaining).toBe(1);
  });
});
