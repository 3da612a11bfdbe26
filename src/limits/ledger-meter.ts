import { type Account, limitsOf } from '../domain/account.ts';
import type { Clock } from '../domain/clock.ts';
import type { Ledger } from './ledger.ts';
import type { LimitReading, Meter } from './meter.ts';
import { periodEndMs } from './period.ts';
import type { RateStore } from './rate-store.ts';
import { admit, type RateWindow, readWindow } from './rate-window.ts';

export interface LedgerMeterOptions {
  readonly ledger: Ledger;
  readonly rates: RateStore;
  readonly clock: Clock;
}

/** The meter over a ledger and a store of seconds, one after the other. */
export function createLedgerMeter({ ledger, rates, clock }: LedgerMeterOptions): Meter {
  const windows = new Map<string, RateWindow>();
  const windowOf = ({ id }: Account): RateWindow => {
    const window = windows.get(id) ?? [];
    windows.set(id, window);
    return window;
  };

  const readingOf = async (account: Account): Promise<LimitReading> => {
    const { callsPerSecond } = limitsOf(account);
    const atMs = clock.now();
    const own = readWindow(windowOf(account), callsPerSecond, clock.monotonic());
    const [all, quota] = await Promise.all([
      rates.read(account.id, callsPerSecond),
      ledger.read(account, atMs),
    ]);
    const rate = {
      limit: callsPerSecond,
      remaining: Math.min(own.remaining, all.remaining),
      resetMs: Math.max(own.resetMs, all.resetMs),
    };
    return { rate, quota, atMs };
  };

  return {
    reserve: (account) => {
      const decision = admit(windowOf(account), limitsOf(account).callsPerSecond, clock.monotonic());
      return decision.admitted ? { admitted: true, slot: { accountId: account.id } } : decision;
    },
    spend: async (account) => {
      const atMs = clock.now();
      const rate = await rates.admit(account.id, limitsOf(account).callsPerSecond);
      if (!rate.admitted)
        return { granted: false, by: 'rate', waitMs: rate.waitMs, reading: await readingOf(account) };
      const charge = await ledger.spend(account, atMs);
      const reading = await readingOf(account);
      if (charge === null) return { granted: false, by: 'quota', waitMs: periodEndMs(atMs) - atMs, reading };
      return { granted: true, charge, reading };
    },
    refund: (charge) => {
      ledger.refund(charge).catch(() => {});
    },
    read: (account) => readingOf(account).catch(() => null),
  };
}
