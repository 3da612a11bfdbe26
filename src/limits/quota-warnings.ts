import type { Account } from '../domain/account.ts';
import type { Log } from '../domain/log.ts';
import type { LimitReading } from './meter.ts';
import { periodOf } from './period.ts';

const LEVELS = [80, 90, 100] as const;

/** Tells the operator once per account and month when 80, 90 and 100 % of the month are used. */
export function createQuotaWarnings(log: Log) {
  const told = new Map<string, number>();
  return (account: Account, { limit, remaining }: LimitReading['quota'], atMs: number): void => {
    const percent = ((limit - remaining) / limit) * 100;
    if (percent < LEVELS[0]) return;
    const period = periodOf(atMs);
    const name = `${account.id} ${period}`;
    const last = told.get(name) ?? 0;
    for (const level of LEVELS) {
      if (level <= last || percent < level) continue;
      log.warn({ account: account.id, name: account.name, period, percent: level, limit }, 'quota used');
      told.set(name, level);
    }
  };
}
