import type { AnswerHeader } from '../domain/headers.ts';
import type { LimitReading } from './meter.ts';
import { periodEndMs, periodSeconds } from './period.ts';

type Headers = Record<
  Extract<AnswerHeader, `${'x-ratelimit' | 'x-quota'}-${string}` | `ratelimit${string}`>,
  string
>;

/**
 * Both limits as headers, true at the moment they are read: the field's old names, and `RateLimit` with its policy
 * (draft-ietf-httpapi-ratelimit-headers-11).
 */
export function limitHeadersOf(reading: LimitReading): Headers {
  const { rate, quota, atMs } = reading;
  const { rateReset, quotaReset } = resetsOf(reading);
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

/** Until all of the second and of the month is free again, whole seconds left, rounded up. */
export const resetsOf = ({ rate, atMs }: LimitReading) => ({
  rateReset: Math.ceil(rate.resetMs / 1_000),
  quotaReset: Math.ceil((periodEndMs(atMs) - atMs) / 1_000),
});
