import { Failure } from '../../../src/domain/failure.ts';
import type { RateGates } from '../../../src/http/rate-limit.ts';
import type { createAddressCounter } from '../../../src/limits/address-counter.ts';
import type { Meter } from '../../../src/limits/meter.ts';
import { rateExceeded } from '../../../src/limits/refusals.ts';

const UNKNOWN_CALLS_PER_MINUTE = 600;

/** The two rate gates without Fastify's plugin in between, which takes longer to start than a run lasts. */
export function createGates(meter: Meter, addresses: ReturnType<typeof createAddressCounter>): RateGates {
  return {
    limitRate: async (account) => {
      const reserved = meter.reserve(account);
      if (reserved.admitted) return reserved.slot;
      throw rateExceeded(account, reserved.waitMs);
    },
    guardAddress: async (address) => {
      const { current, ttl } = addresses.count(address);
      if (current > UNKNOWN_CALLS_PER_MINUTE)
        throw new Failure('rate_exceeded', 'Too many calls without a good key.', { retryAfterMs: ttl });
    },
  };
}
