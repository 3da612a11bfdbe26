import { expect, it } from 'vitest';
import { createStep } from '../../src/domain/step.ts';

/** Walks three steps from where it waits on. */
function walker() {
  const steps: string[] = [];
  const walk = async (name: string, soon: (work: () => void) => void) => {
    await new Promise<void>(soon);
    for (let step = 1; step <= 3; step += 1) {
      steps.push(`${name}${step}`);
      await null;
    }
  };
  return { steps, walk };
}

it('what came in one turn goes in step from the end of the next one on', async () => {
  const { steps, walk } = walker();
  const soon = createStep();
  const walks = ['a', 'b', 'c'].map((name) => walk(name, soon));
  await Promise.resolve();
  expect(steps).toEqual([]);
  await Promise.all(walks);
  expect(steps).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'c2', 'a3', 'b3', 'c3']);
});

it('two places do not mix what waits there', async () => {
  const { steps, walk } = walker();
  const [one, other] = [createStep(), createStep()];
  await Promise.all([walk('a', one), walk('x', other), walk('b', one), walk('y', other)]);
  expect(steps.join(' ')).toBe('a1 b1 a2 b2 a3 b3 x1 y1 x2 y2 x3 y3');
});

it('what comes up while a turn is worked through waits for the next one', async () => {
  const steps: string[] = [];
  const soon = createStep();
  soon(() => {
    steps.push('first');
    soon(() => steps.push('third'));
  });
  soon(() => steps.push('second'));
  const turns = async (count: number) => {
    for (let turn = 0; turn < count; turn += 1) await new Promise(setImmediate);
  };
  await turns(1);
  expect(steps).toEqual([]);
  await turns(1);
  expect(steps).toEqual(['first', 'second']);
  await turns(2);
  expect(steps).toEqual(['first', 'second', 'third']);
});
