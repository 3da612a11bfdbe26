import { expect, it } from 'vitest';
import { createMemoryRateStore } from '../src/limits/rate-store-memory.ts';

it('the second is exact at every boundary, also for bursts around it', async () => {
  let nowMs = 0;
  const rates = createMemoryRateStore({ now: () => nowMs, monotonic: () => nowMs, after: () => () => {} });
  const admitted: number[] = [];
  for (let second = 0; second < 60; second += 1) {
    for (const offset of [-2, -1, 0, 1, 2]) {
      nowMs = (second + 1) * 1_000 + offset;
      for (let i = 0; i < 60; i += 1) if ((await rates.admit('a', 50)).admitted) admitted.push(nowMs);
    }
  }
  for (const [i, time] of admitted.entries())
    expect((admitted[i + 50] ?? Number.POSITIVE_INFINITY) - time).toBeGreaterThan(1_000);
});
