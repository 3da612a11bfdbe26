import rateLimit from '@fastify/rate-limit';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { type Caller, limitsOf } from '../domain/account.ts';
import type { Call } from '../domain/call.ts';
import type { Clock } from '../domain/clock.ts';
import { Failure } from '../domain/failure.ts';
import { createAddressCounter } from './address-counter.ts';
import type { RateStore } from './rate-store.ts';

/** Calls a minute from one address (IPv6: one /64) that come without a good key. */
const UNKNOWN_CALLS_PER_MINUTE = 600;
const ADDRESS_WINDOW_MS = 60_000;

export interface RateGates {
  /** The gate of the second. Throws `rate_exceeded`. */
  limitRate(request: FastifyRequest): Promise<void>;
  /** Counts a call of nobody we know by its address. Throws `rate_exceeded` when there were too many lately. */
  guardAddress(request: FastifyRequest): Promise<void>;
}

export interface RateOptions {
  readonly rates: RateStore;
  readonly clock: Clock;
  callOf(request: FastifyRequest): Call;
}

type Settle = (error: Error | null, result?: { current: number; ttl: number }) => void;

/** Both gates run through @fastify/rate-limit; what is counted and for how long is decided by our own stores. */
export async function registerRateLimit(
  app: FastifyInstance,
  { rates, clock, callOf }: RateOptions,
): Promise<RateGates> {
  const addresses = createAddressCounter(clock, ADDRESS_WINDOW_MS);

  /** The plugin's own fixed window lets twice the rate through around its edge; this one is exact. */
  class AccountStore {
    incr(accountId: string, settle: Settle, _windowMs?: number, max = 0): void {
      rates.admit(accountId, max).then((decision) => {
        if (decision.admitted) settle(null, { current: 0, ttl: 0 });
        else settle(null, { current: max + 1, ttl: decision.waitMs });
      }, settle);
    }
    child(options: object): AccountStore | AddressStore {
      return 'timeWindow' in options && options.timeWindow === ADDRESS_WINDOW_MS ? new AddressStore() : this;
    }
  }

  class AddressStore {
    incr(address: string, settle: Settle): void {
      settle(null, addresses.count(address));
    }
    child(): AddressStore {
      return this;
    }
  }

  await app.register(rateLimit, { global: false, store: AccountStore });
  const checkAccount = app.createRateLimit({
    keyGenerator: (request) => callerOf(callOf(request)).account.id,
    max: (request) => limitsOf(callerOf(callOf(request)).account).callsPerSecond,
    timeWindow: 1_000,
  });
  const checkAddress = app.createRateLimit({
    max: UNKNOWN_CALLS_PER_MINUTE,
    timeWindow: ADDRESS_WINDOW_MS,
  });

  return {
    limitRate: async (request) => {
      const result = await checkAccount(request);
      if (result.isAllowed || !result.isExceeded) return;
      const { plan } = callerOf(callOf(request)).account;
      throw new Failure(
        'rate_exceeded',
        `More than ${result.max} calls in one second, the rate of the plan ${plan}. Wait as long as Retry-After says.`,
        {
          retryAfterMs: result.ttl,
        },
      );
    },
    guardAddress: async (request) => {
      const result = await checkAddress(request);
      if (result.isAllowed || !result.isExceeded) return;
      throw new Failure(
        'rate_exceeded',
        'Too many calls without a good key from this address. Send a key, or wait.',
        {
          retryAfterMs: result.ttl,
        },
      );
    },
  };
}

function callerOf({ caller }: Call): Caller {
  if (caller === null) throw new Error('the rate is limited behind authentication');
  return caller;
}
