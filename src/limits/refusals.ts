import { type Account, limitsOf } from '../domain/account.ts';
import { isoOf } from '../domain/calendar.ts';
import { Failure } from '../domain/failure.ts';
import type { Spent } from './meter.ts';

/** The plan's second is full. */
export function rateExceeded(account: Account, waitMs: number): Failure {
  const { callsPerSecond } = limitsOf(account);
  return new Failure(
    'rate_exceeded',
    `More than ${callsPerSecond} calls in one second, the rate of the plan ${account.plan}. Wait as long as Retry-After says.`,
    { retryAfterMs: waitMs },
  );
}

/** What the meter refused, in words. */
export function refusalOfMeter(account: Account, refused: Spent & { readonly granted: false }): Failure {
  const { by, waitMs, reading } = refused;
  if (by === 'rate') return rateExceeded(account, waitMs);
  const next = isoOf(reading.atMs + waitMs);
  return new Failure(
    'quota_exhausted',
    `All ${reading.quota.limit} calls of this month are used. The next month begins at ${next}; a larger plan goes on at once.`,
    { retryAfterMs: waitMs },
  );
}
