import { expect, it } from 'vitest';
import { type Clock, repeat } from '../../src/domain/clock.ts';

it('repeats behind the end of each run, a failed one too, until it is stopped', async () => {
  const due: (() => void)[] = [];
  let cancelled = 0;
  const clock: Clock = {
    now: () => 0,
    monotonic: () => 0,
    after: (ms, work) => {
      expect(ms).toBe(7);
      due.push(work);
      return () => {
        cancelled += 1;
      };
    },
  };
  const runs: PromiseWithResolvers<void>[] = [];
  const stop = repeat(clock, 7, () => {
    const run = Promise.withResolvers<void>();
    runs.push(run);
    return run.promise;
  });
  due[0]?.();
  await Promise.resolve();
  expect([runs.length, due.length]).toEqual([1, 1]);
  runs[0]?.reject(new Error('away'));
  await new Promise(setImmediate);
  expect(due).toHaveLength(2);
  due[1]?.();
  stop();
  runs[1]?.resolve();
  await new Promise(setImmediate);
  expect([due.length, cancelled]).toEqual([2, 1]);
});
