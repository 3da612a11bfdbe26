import { describe, expect, it } from 'vitest';
import type { StepAnswer } from '../../src/limits/fleet.ts';
import type { LimitReading } from '../../src/limits/meter.ts';
import { limitReading, readingAt, refusal } from '../../src/limits/reading.ts';
import { accountWith } from './spend.ts';

const account = accountWith(1_000, 10);
const atMs = Date.parse('2026-06-30T23:59:00Z');

describe('a reading', () => {
  it.each([
    [4, 300, 6, 700],
    [10, 1_000, 0, 0],
    [12, 1_005, 0, 0],
  ])('with %i calls in the second and %i in the month leaves %i and %i', (inSecond, used, rate, quota) => {
    expect(limitReading(account, inSecond, 250, used, atMs)).toEqual({
      rate: { limit: 10, remaining: rate, resetMs: 250 },
      quota: { limit: 1_000, remaining: quota },
      atMs,
    });
  });
});

describe('the reading of one call among those of a step', () => {
  const answer: StepAnswer = {
    atMs,
    spent: 0,
    refunded: 0,
    used: 500,
    granted: 3,
    inSecond: 2,
    waitMs: 0,
    resetMs: 400,
  };

  it.each([
    [1, 0, 7, 502],
    [3, 0, 5, 500],
    [2, 4, 2, 501],
  ])(
    'is as it stood behind the call number %i, with %i places of its own open',
    (granted, open, rate, quota) => {
      const reading = readingAt(account, answer, granted, { open, resetMs: 0 });
      expect(reading.rate.remaining).toBe(rate);
      expect(reading.quota.remaining).toBe(quota);
      expect(reading.atMs).toBe(atMs);
    },
  );

  it.each([
    [400, 700, 700],
    [700, 400, 700],
  ])('is free again by the fleet’s %i ms and its own %i', (fleet, own, resetMs) => {
    const reading = readingAt(account, { ...answer, resetMs: fleet }, 1, { open: 0, resetMs: own });
    expect(reading.rate.resetMs).toBe(resetMs);
  });
});

describe('a refusal', () => {
  const with_ = (remaining: number): LimitReading => ({
    rate: { limit: 10, remaining: 0, resetMs: 900 },
    quota: { limit: 1_000, remaining },
    atMs,
  });

  it.each([
    [0, 1],
    [0.2, 1],
    [41.9, 42],
    [42, 43],
    [-5, 1],
  ])('by the second, when %f ms are left, says %i: never too early', (waitMs, told) => {
    const reading = with_(1);
    expect(refusal(reading, waitMs)).toEqual({ granted: false, by: 'rate', waitMs: told, reading });
  });

  it('by the month lasts until it is over, whatever the second says', () => {
    const reading = with_(0);
    expect(refusal(reading, 5)).toEqual({ granted: false, by: 'quota', waitMs: 60_000, reading });
  });
});
