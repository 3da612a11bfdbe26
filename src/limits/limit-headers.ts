import { type Caller, limitsOf } from '../domain/account.ts';
import type { Log } from '../domain/log.ts';
import type { Ledger, QuotaReading } from './ledger.ts';
import { periodEndMs, periodSeconds } from './period.ts';
import { createQuotaWarnings } from './quota-warnings.ts';
import type { RateReading, RateStore } from './rate-store.ts';

/**
 * Both limits as headers, true at the moment they are read: the field's old names, and `RateLimit` with its policy
 * (draft-ietf-httpapi-ratelimit-headers-10). Resets are whole seconds left, rounded up.
 */
export function limitHeadersOf(rate: RateReading, quota: QuotaReading, atMs: number): Record<string, string> {
  const rateReset = Math.ceil(rate.resetMs / 1_000);
  const quotaReset = Math.ceil((periodEndMs(atMs) - atMs) / 1_000);
  return {
    'x-ratelimit-limit': String(rate.limit),
    'x-ratelimit-remaining': String(rate.remaining),
    'x-ratelimit-reset': String(rateReset),
    'x-quota-limit': String(quota.limit),
    'x-quota-remaining': String(quota.remaining),
    'x-quota-reset': String(quotaReset),
    'ratelimit-policy': `"second";q=${rate.limit};w=1, "month";q=${quota.limit};w=${periodSeconds(atMs)}`,
    ratelimit: `"second";r=${rate.remaining};t=${rateReset}, "month";r=${quota.remaining};t=${quotaReset}`,
  };
}

interface LimitReaderOptions {
  readonly rates: RateStore;
  readonly ledger: Ledger;
  readonly log: Log;
}

/** Reads both limits of a caller without spending any; no headers rather than a failed answer when a store is away. */
export function createLimitReader({ rates, ledger, log }: LimitReaderOptions) {
  const warn = createQuotaWarnings(log);
  return async ({ account }: Caller, atMs: number): Promise<Record<string, string>> => {
    try {
      const [rate, quota] = await Promise.all([
        rates.read(account.id, limitsOf(account).callsPerSecond),
        ledger.read(account, atMs),
      ]);
      warn(account, quota, atMs);
      return limitHeadersOf(rate, quota, atMs);
    } catch {
      return {};
    }
  };
}
