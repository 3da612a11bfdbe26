import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Bag } from '../../src/domain/bag.ts';

it('a bag holds what came and has not gone, whatever the order', () => {
  fc.assert(
    fc.property(fc.array(fc.record({ put: fc.boolean(), which: fc.nat(20) })), (steps) => {
      const all = Array.from({ length: 21 }, (_, name) => ({ name, place: -1 }));
      const bag = new Bag<(typeof all)[number]>();
      const model = new Set<number>();
      for (const { put, which } of steps) {
        const thing = all[which] as (typeof all)[number];
        if (put) bag.put(thing);
        else bag.take(thing);
        if (put) model.add(which);
        else model.delete(which);
        expect(bag.things.map(({ name }) => name).sort((a, b) => a - b)).toEqual(
          [...model].sort((a, b) => a - b),
        );
        for (const each of all) expect(each.place).toBe(bag.things.indexOf(each));
      }
    }),
  );
});
