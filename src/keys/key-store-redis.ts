import type { Account, Caller } from '../domain/account.ts';
import type { Clock } from '../domain/clock.ts';
import { Failure } from '../domain/failure.ts';
import type { Breaker } from '../store/breaker.ts';
import { createScript, type RedisClient } from '../store/redis.ts';
import type { KeyStore } from './key-store.ts';

/** All of them in one slot of a cluster: they change together. */
export const REGISTRY = {
  accounts: '{gateway}:accounts',
  names: '{gateway}:names',
  keys: '{gateway}:keys',
  keyIds: '{gateway}:key-ids',
  audit: '{gateway}:audit',
} as const;

/** A key as the store has it, found by its hash. */
export interface StoredKey {
  readonly id: string;
  readonly accountId: string;
  readonly createdAtMs: number;
  readonly endsAtMs: number | null;
}

/** How long a look-up is good for while the store answers, ms: a change is seen well within a second. */
const FRESH_MS = 500;
/** How long a verified key goes on while the store is away, ms. */
const OUTAGE_MS = 3_600_000;
const MAX_CACHED_KEYS = 50_000;

const FIND = `
  local key = redis.call('HGET', KEYS[1], ARGV[1])
  if not key then return false end
  return {key, redis.call('HGET', KEYS[2], cjson.decode(key).accountId)}`;

interface CachedKey {
  readonly caller: Caller;
  readonly endsAtMs: number | null;
  readonly foundAtMs: number;
}

/** Keys in Redis. What is not known, or known for half a second, is looked up; a key verified lately outlives an outage. */
export function createRedisKeyStore(
  client: RedisClient,
  breaker: Breaker,
  clock: Clock,
): KeyStore & { forget(): void } {
  const find = createScript<[string, string] | null>(client, 'gatewayFindKey', 2, FIND);
  const cache = new Map<string, CachedKey>();

  const lookUp = async (keyHash: string): Promise<CachedKey | null> => {
    const found = await breaker.run(() => find(REGISTRY.keys, REGISTRY.accounts, keyHash));
    if (found === null) {
      cache.delete(keyHash);
      return null;
    }
    const key = JSON.parse(found[0]) as StoredKey;
    const account = JSON.parse(found[1]) as Account;
    const cached = {
      caller: { account, keyId: key.id },
      endsAtMs: key.endsAtMs,
      foundAtMs: clock.monotonic(),
    };
    if (cache.size >= MAX_CACHED_KEYS) cache.clear();
    cache.set(keyHash, cached);
    return cached;
  };

  const findCached = async (keyHash: string): Promise<CachedKey | null> => {
    const cached = cache.get(keyHash);
    const ageMs = cached === undefined ? Number.POSITIVE_INFINITY : clock.monotonic() - cached.foundAtMs;
    if (cached !== undefined && ageMs < FRESH_MS) return cached;
    try {
      return await lookUp(keyHash);
    } catch (cause) {
      if (cached !== undefined && ageMs < OUTAGE_MS) return cached;
      throw new Failure('store_unavailable', 'Keys cannot be looked up right now. Try again.', {
        retryAfterMs: 1_000,
        cause,
      });
    }
  };

  return {
    forget: () => cache.clear(),
    find: async (keyHash, nowMs) => {
      const found = await findCached(keyHash);
      return found === null || (found.endsAtMs !== null && nowMs >= found.endsAtMs) ? null : found.caller;
    },
  };
}
