import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Bag, type Seat } from '../../src/domain/bag.ts';

it('a bag holds what came and has not gone, whatever the order', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.constant('add' as const), fc.nat(20))), (steps) => {
      const bag = new Bag<number>();
      const seats: Seat<number>[] = [];
      const model = new Set<number>();
      for (const step of steps) {
        if (step === 'add') {
          model.add(seats.length);
          seats.push(bag.add(seats.length));
        } else if (seats[step] !== undefined) {
          model.delete(step);
          bag.remove(seats[step]);
        }
        expect([bag.size, bag.things().sort((a, b) => a - b)]).toEqual([model.size, [...model]]);
      }
    }),
  );
});
