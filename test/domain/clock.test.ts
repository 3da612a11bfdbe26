import { expect, it } from 'vitest';
import { systemClock } from '../../src/domain/clock.ts';

it('the clock of the machine runs no timer before its time, be it by a fraction of a millisecond', async () => {
  const waits = Array.from({ length: 200 }, (_, i) => (i * 7.31) % 40);
  const early = await Promise.all(
    waits.map(
      (ms) =>
        new Promise<boolean>((resolve) => {
          const startedAtMs = systemClock.monotonic();
          systemClock.after(ms, () => resolve(systemClock.monotonic() < startedAtMs + ms));
        }),
    ),
  );
  expect(early.filter(Boolean)).toEqual([]);
});
