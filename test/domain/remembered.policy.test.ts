import { expect, it } from 'vitest';
import { oncePer, remembered, rememberedBy, rememberedLast } from '../../src/domain/remembered.ts';

/** Counts what is made. */
function counted() {
  const made: string[] = [];
  const make = (text: string) => {
    made.push(text);
    if (text === 'bad') throw new Error('bad');
    return { text };
  };
  return { made, make };
}

it('what follows from a text is made once, and cannot be changed', () => {
  const { made, make } = counted();
  const of = remembered(10, make);
  expect(of('a')).toBe(of('a'));
  expect(Object.isFrozen(of('a'))).toBe(true);
  expect(of('b')).toEqual({ text: 'b' });
  expect(made).toEqual(['a', 'b']);
});

it('of so many texts the one asked for least lately is forgotten', () => {
  const { made, make } = counted();
  const of = remembered(2, make);
  for (const text of ['a', 'b', 'a', 'c', 'a', 'b']) of(text);
  expect(made).toEqual(['a', 'b', 'c', 'b']);
});

it('neither a failure nor a long text takes a place', () => {
  const { made, make } = counted();
  const of = remembered(10, make);
  const [longest, longer] = ['x'.repeat(1_024), 'x'.repeat(1_025)];
  for (const text of [longest, longest, longer, longer]) of(text);
  expect(() => of('bad')).toThrow('bad');
  expect(() => of('bad')).toThrow('bad');
  expect(made).toEqual([longest, longer, longer, 'bad', 'bad']);
});

it('what has a name is made once; without one, and where nothing comes of it, each time', () => {
  const made: string[] = [];
  const nameOf = (thing: string) => (thing.startsWith('nameless') ? null : thing.slice(0, 1));
  const of = rememberedBy(nameOf, 2, (thing: string) => {
    made.push(thing);
    return thing.startsWith('none') ? null : { thing };
  });
  expect(of('a1')).toBe(of('a2'));
  expect(Object.isFrozen(of('a1'))).toBe(true);
  expect([of('nameless'), of('nameless')]).toEqual([{ thing: 'nameless' }, { thing: 'nameless' }]);
  expect([of('none'), of('none')]).toEqual([null, null]);
  for (const thing of ['b', 'a', 'c', 'a', 'b']) of(thing);
  expect(made).toEqual(['a1', 'nameless', 'nameless', 'none', 'none', 'b', 'c', 'b']);
});

it('what follows from an object is made once, be it nothing', () => {
  let made = 0;
  const of = oncePer((_: object) => {
    made += 1;
    return undefined;
  });
  const [one, other] = [{}, {}];
  expect([of(one), of(one), of(other)]).toEqual([undefined, undefined, undefined]);
  expect(made).toBe(2);
});

it('what follows from a number is made once as long as no other is asked for; a failure is forgotten', () => {
  const made: number[] = [];
  const of = rememberedLast((number) => {
    made.push(number);
    if (number < 0) throw new RangeError('negative');
    return { number };
  });
  expect(of(1)).toBe(of(1));
  expect([of(2), of(1)]).toEqual([{ number: 2 }, { number: 1 }]);
  expect(() => of(-1)).toThrow(RangeError);
  expect(() => of(-1)).toThrow(RangeError);
  expect(of(1)).toEqual({ number: 1 });
  expect(made).toEqual([1, 2, 1, -1, -1]);
});
