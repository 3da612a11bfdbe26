import { expect, it } from 'vitest';
import { createOwnSecond } from '../src/limits/own-second.ts';

it('the second is exact at every boundary, also for bursts around it', () => {
  let nowMs = 0;
  const own = createOwnSecond({ now: () => nowMs, monotonic: () => nowMs, after: () => () => {} });
  const admitted: number[] = [];
  for (let second = 0; second < 60; second += 1) {
    for (const offset of [-2, -1, 0, 1, 2]) {
      nowMs = (second + 1) * 1_000 + offset;
      for (let i = 0; i < 60; i += 1) {
        const reserved = own.reserve('a', 50);
        if (!reserved.admitted || !own.hold(reserved.slot, 50)) continue;
        own.grant(reserved.slot);
        admitted.push(nowMs);
      }
    }
  }
  for (const [i, time] of admitted.entries())
    expect((admitted[i + 50] ?? Number.POSITIVE_INFINITY) - time).toBeGreaterThan(1_000);
});
