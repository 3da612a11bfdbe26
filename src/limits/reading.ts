import { type Account, limitsOf } from '../domain/account.ts';
import type { StepAnswer } from './fleet.ts';
import type { LimitReading, Spent } from './meter.ts';
import { periodEndMs } from './period.ts';

/** Both limits, of numbers that may have gone below 0 with a lowered plan. */
export function limitReading(
  account: Account,
  inSecond: number,
  resetMs: number,
  used: number,
  atMs: number,
): LimitReading {
  const { callsPerSecond, callsPerMonth } = limitsOf(account);
  return {
    rate: { limit: callsPerSecond, remaining: Math.max(0, callsPerSecond - inSecond), resetMs },
    quota: { limit: callsPerMonth, remaining: Math.max(0, callsPerMonth - used) },
    atMs,
  };
}

/** As it stood when `granted` calls of the answered step had been admitted. */
export function readingAt(
  account: Account,
  answer: StepAnswer,
  granted: number,
  own: { readonly open: number; readonly resetMs: number },
): LimitReading {
  const inSecond = answer.inSecond + granted + own.open;
  const used = answer.used - answer.granted + granted;
  return limitReading(account, inSecond, Math.max(answer.resetMs, own.resetMs), used, answer.atMs);
}

/** A refusal by whichever limit stands in the way for longer. */
export function refusal(reading: LimitReading, waitMs: number): Spent {
  if (reading.quota.remaining > 0) {
    return { granted: false, by: 'rate', waitMs: Math.max(1, Math.floor(waitMs) + 1), reading };
  }
  return { granted: false, by: 'quota', waitMs: periodEndMs(reading.atMs) - reading.atMs, reading };
}
