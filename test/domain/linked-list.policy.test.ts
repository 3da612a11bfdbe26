import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Linked, LinkedList, unlinked } from '../../src/domain/linked-list.ts';

interface Named extends Linked<Named> {
  readonly name: number;
}

function namesIn(list: LinkedList<Named>): number[] {
  const names: number[] = [];
  for (let one = list.first; one !== null; one = one.behind) names.push(one.name);
  return names;
}

it('a list holds what came and has not left, in the order in which it came', () => {
  fc.assert(
    fc.property(fc.array(fc.record({ appends: fc.boolean(), which: fc.nat(8) })), (steps) => {
      const all = Array.from({ length: 9 }, (_, name): Named => ({ name, ...unlinked }));
      const list = new LinkedList<Named>();
      const model = new Set<number>();
      for (const { appends, which } of steps) {
        const one = all[which] as Named;
        if (appends) list.append(one);
        else expect(list.remove(one)).toBe(model.has(which));
        if (appends) model.add(which);
        else model.delete(which);
        expect(namesIn(list)).toEqual([...model]);
        expect(list.size).toBe(model.size);
        expect([list.first?.name, list.last?.name]).toEqual([[...model][0], [...model].at(-1)]);
        expect(list.find(({ name }) => name > 4)?.name).toBe([...model].find((name) => name > 4));
        for (const each of all) {
          expect(each.isLinked).toBe(model.has(each.name));
          if (!each.isLinked) expect([each.before, each.behind]).toEqual([null, null]);
          else expect(each.behind?.before ?? each).toBe(each);
        }
      }
    }),
  );
});
