import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createFairQueue } from '../../../src/egress/exits/fair-queue.ts';

const atOnce = (work: () => void) => work();

/** A queue of so many places, and who began, in order. */
function open(places: number) {
  const queue = createFairQueue(places, atOnce);
  const began: string[] = [];
  const enter = (name: string) => queue.enter(name.charAt(0), () => void began.push(name));
  return { began, enter };
}

it.each([
  ['an account alone has half of the places', 8, ['a1', 'a2', 'a3', 'a4', 'a5'], ['a1', 'a2', 'a3', 'a4']],
  [
    'the next one half of what is left',
    8,
    ['a1', 'a2', 'a3', 'a4', 'b1', 'b2', 'b3'],
    'a1 a2 a3 a4 b1 b2'.split(' '),
  ],
  ['a newcomer finds the last place', 4, ['a1', 'a2', 'b1', 'c1', 'd1'], ['a1', 'a2', 'b1', 'c1']],
  ['one place is for anybody', 1, ['a1', 'b1'], ['a1']],
])('%s', (_, places, names, expected) => {
  const { began, enter } = open(places);
  for (const name of names) enter(name);
  expect(began).toEqual(expected);
});

it('who leaves makes room for the first who fits', () => {
  const { began, enter } = open(4);
  const [leaveFirst, , , leaveB] = ['a1', 'a2', 'a3', 'b1', 'b2'].map(enter);
  expect(began).toEqual(['a1', 'a2', 'b1']);
  leaveB?.();
  expect(began.slice(3)).toEqual(['b2']);
  leaveFirst?.();
  leaveFirst?.();
  expect(began.slice(4)).toEqual(['a3']);
});

it('accounts that wait take turns', () => {
  const { began, enter } = open(1);
  const leaves = new Map(['a1', 'b1', 'b2', 'b3', 'c1', 'c2'].map((name) => [name, enter(name)]));
  for (let i = 0; i < 5; i += 1) leaves.get(began.at(-1) ?? '')?.();
  expect(began).toEqual(['a1', 'b1', 'c1', 'b2', 'c2', 'b3']);
});

it('who left while waiting never begins', () => {
  const { began, enter } = open(1);
  const [leave, leaveWaiting] = ['a1', 'b1', 'c1'].map(enter);
  leaveWaiting?.();
  leave?.();
  expect(began).toEqual(['a1', 'c1']);
});

it('who waited begins behind the turn in which another left, and not at all when it has left by then', async () => {
  const queue = createFairQueue(1);
  const began: string[] = [];
  const leave = queue.enter('a', () => void began.push('a'));
  const leaveNext = queue.enter('b', () => void began.push('b'));
  queue.enter('c', () => void began.push('c'));
  leave();
  expect(began).toEqual(['a']);
  leaveNext();
  await Promise.resolve();
  expect(began).toEqual(['a', 'c']);
});

it('a place is a connection: the one that was open last is taken next, one that broke behind all others', () => {
  const queue = createFairQueue(8);
  const places: number[] = [];
  const enter = () => queue.enter('a', (place) => void places.push(place));
  const [first, second, third] = [enter(), enter(), enter()];
  expect(places).toEqual([0, 1, 2]);
  first(true);
  third(false);
  second(true);
  enter();
  enter();
  enter();
  enter();
  expect(places.slice(3)).toEqual([1, 0, 2, 3]);
});

it('never two at a place, never closed to a newcomer while one is free, and all come in at last', () => {
  const step = fc.oneof(
    { weight: 2, arbitrary: fc.record({ enter: fc.constantFrom('a', 'b', 'c') }) },
    { weight: 1, arbitrary: fc.record({ leave: fc.nat(100) }) },
    { weight: 1, arbitrary: fc.record({ giveUp: fc.nat(100) }) },
  );
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 9 }), fc.array(step, { maxLength: 80 }), (places, steps) => {
      const queue = createFairQueue(places, atOnce);
      const inside: { readonly account: string; readonly place: number; readonly leave: () => void }[] = [];
      const waiting = new Set<() => void>();
      const of = (account: string) => inside.filter((guest) => guest.account === account).length;
      const enter = (account: string) => {
        const [its, free] = [of(account), places - inside.length];
        let hasBegun = false;
        const twice = () => {
          leave();
          leave();
        };
        const leave = queue.enter(account, (place) => {
          waiting.delete(twice);
          expect(hasBegun).toBe(false);
          hasBegun = true;
          inside.push({ account, place, leave: twice });
        });
        if (!hasBegun) waiting.add(twice);
        expect(hasBegun).toBe(its < free);
      };
      const leave = (which: number) => inside.splice(which % inside.length, 1)[0]?.leave();
      const giveUp = (which: number) => {
        const one = [...waiting][which % Math.max(1, waiting.size)];
        if (one === undefined) return;
        waiting.delete(one);
        one();
      };
      for (const given of steps) {
        if ('enter' in given) enter(given.enter);
        else if ('giveUp' in given) giveUp(given.giveUp);
        else if (inside.length > 0) leave(given.leave);
        const taken = new Set(inside.map(({ place }) => place));
        expect(taken.size).toBe(inside.length);
        for (const place of taken) expect(place).toBeOneOf(Array.from({ length: places }, (_, i) => i));
      }
      while (inside.length > 0) leave(0);
      expect(waiting.size).toBe(0);
    }),
  );
});
