import rateLimit from '@fastify/rate-limit';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Account } from '../domain/account.ts';
import type { Clock } from '../domain/clock.ts';
import { Failure } from '../domain/failure.ts';
import { createAddressCounter } from '../limits/address-counter.ts';
import type { Meter, Slot } from '../limits/meter.ts';
import { rateExceeded } from '../limits/refusals.ts';

/** Calls a minute from one address (IPv6: one /64) that come without a good key or lead nowhere. */
const UNKNOWN_CALLS_PER_MINUTE = 600;
const ADDRESS_WINDOW_MS = 60_000;

export interface RateGates {
  /** A place in the account's second. Rejects with `rate_exceeded`. */
  limitRate(account: Account): Promise<Slot>;
  /** Counts a call of nobody we know by its address. Rejects with `rate_exceeded` after too many in a minute. */
  guardAddress(address: string): Promise<void>;
}

type Settle = (error: Error | null, result?: { current: number; ttl: number }) => void;
type Store = NonNullable<NonNullable<Parameters<FastifyInstance['createRateLimit']>[0]>['store']>;

/** What the plugin is asked about, in the place where it expects a request. */
interface Question {
  readonly routeOptions: object;
  readonly account: Account;
  /** The account's place, once there is one. */
  slot: Slot | null;
}

/**
 * Both gates are limiters of @fastify/rate-limit, each with a store of its own that decides what is counted and for
 * how long: the plugin's fixed window lets twice the rate through around its edge, the meter's is exact.
 */
export async function registerRateLimit(
  server: FastifyInstance,
  { meter, clock }: { readonly meter: Meter; readonly clock: Clock },
): Promise<RateGates> {
  await server.register(rateLimit, { global: false, store: LimitersOwnStore as Store });
  const addresses = createAddressCounter(clock, ADDRESS_WINDOW_MS);

  class AccountStore {
    incr(question: Question, settle: Settle): void {
      const reserved = meter.reserve(question.account);
      if (reserved.admitted) question.slot = reserved.slot;
      settle(null, reserved.admitted ? { current: 0, ttl: 0 } : { current: 1, ttl: reserved.waitMs });
    }
  }
  class AddressStore {
    incr(address: string, settle: Settle): void {
      settle(null, addresses.count(address));
    }
  }

  const checkAccount = server.createRateLimit({
    store: AccountStore as unknown as Store,
    keyGenerator: (asked) => asked as never,
    // The meter knows the account's limit: it says one where it turns a call away.
    max: 0,
    timeWindow: 1_000,
  });
  const checkAddress = server.createRateLimit({
    store: AddressStore as unknown as Store,
    max: UNKNOWN_CALLS_PER_MINUTE,
    timeWindow: ADDRESS_WINDOW_MS,
  });

  return {
    limitRate: async (account) => {
      const question: Question = { routeOptions: {}, account, slot: null };
      const result = await checkAccount(question as unknown as FastifyRequest);
      if (question.slot !== null) return question.slot;
      throw rateExceeded(account, result.isAllowed ? 0 : result.ttl);
    },
    guardAddress: async (ip) => {
      const result = await checkAddress({ routeOptions: {}, ip } as FastifyRequest);
      if (result.isAllowed || !result.isExceeded) return;
      throw new Failure(
        'rate_exceeded',
        'Too many calls without a good key from this address. Send a key, or wait.',
        { retryAfterMs: result.ttl },
      );
    },
  };
}

/** Hands each limiter the store that it names. */
class LimitersOwnStore {
  incr(): never {
    throw new Error('a limiter counts in its own store');
  }
  child(limiter: object): object {
    const { store: OwnStore } = limiter as { readonly store: new () => object };
    return new OwnStore();
  }
}
