import { expect, it } from 'vitest';
import { oneAtATime } from '../src/one-at-a-time.ts';

it('runs never twice at once; all who ask meanwhile share the next run', async () => {
  const ends: ((value: number) => void)[] = [];
  let begun = 0;
  const ask = oneAtATime(() => {
    begun += 1;
    return new Promise<number>((resolve) => ends.push(resolve));
  });
  const first = ask();
  await Promise.resolve();
  expect(begun).toBe(1);
  const later = [ask(), ask(), ask()];
  await Promise.resolve();
  expect(begun).toBe(1);
  ends[0]?.(1);
  expect(await first).toBe(1);
  await new Promise(setImmediate);
  expect(begun).toBe(2);
  ends[1]?.(2);
  expect(await Promise.all(later)).toEqual([2, 2, 2]);
  void ask();
  await new Promise(setImmediate);
  expect(begun).toBe(3);
});

it('a run that fails is told to those who asked for it alone', async () => {
  let begun = 0;
  const ask = oneAtATime(async () => {
    begun += 1;
    if (begun === 1) throw new Error('first');
    return begun;
  });
  const first = ask();
  await expect(first).rejects.toThrow('first');
  expect(await ask()).toBe(2);
});
