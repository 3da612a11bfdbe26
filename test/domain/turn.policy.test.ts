import { expect, it } from 'vitest';
import { atTurnEnd, turnEnd } from '../../src/domain/turn.ts';

it('what came in one turn goes in step from its end on', async () => {
  const steps: string[] = [];
  const walk = async (name: string) => {
    await turnEnd();
    for (let step = 1; step <= 3; step += 1) {
      steps.push(`${name}${step}`);
      await null;
    }
  };
  const walks = ['a', 'b', 'c'].map(walk);
  await Promise.resolve();
  expect(steps).toEqual([]);
  await Promise.all(walks);
  expect(steps).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'c2', 'a3', 'b3', 'c3']);
});

it('what comes up while a turn is worked through waits for the next one', async () => {
  const steps: string[] = [];
  atTurnEnd(() => {
    steps.push('first');
    atTurnEnd(() => steps.push('third'));
  });
  atTurnEnd(() => steps.push('second'));
  await new Promise(setImmediate);
  expect(steps).toEqual(['first', 'second']);
  await new Promise(setImmediate);
  expect(steps).toEqual(['first', 'second', 'third']);
});
