import type { Account } from '../domain/account.ts';
import type { Log } from '../domain/log.ts';
import type { LimitReading } from './meter.ts';
import { periodOf } from './period.ts';

const LEVELS = [80, 90, 100] as const;

/** An account has come to one of the levels of its month. */
export interface QuotaReached {
  readonly account: Account;
  readonly period: string;
  readonly percent: (typeof LEVELS)[number];
  readonly limit: number;
  readonly used: number;
  readonly atMs: number;
}

/**
 * Tells the operator and `reached` once per account, month and limit when 80, 90 and 100 % of the month are used; after
 * a restart, and by each gateway, again.
 */
export function createQuotaWarnings(log: Log, reached: (news: QuotaReached) => void = () => {}) {
  const told = new Map<string, number>();
  return (account: Account, { limit, remaining }: LimitReading['quota'], atMs: number): void => {
    const used = limit - remaining;
    const percentUsed = (used / limit) * 100;
    if (percentUsed < LEVELS[0]) return;
    const period = periodOf(atMs);
    const name = `${account.id} ${period} ${limit}`;
    const last = told.get(name) ?? 0;
    for (const percent of LEVELS) {
      if (percent <= last || percentUsed < percent) continue;
      log.warn({ account: account.id, name: account.name, period, percent, limit }, 'quota used');
      told.set(name, percent);
      reached({ account, period, percent, limit, used, atMs });
    }
  };
}
