import type { Clock } from '../domain/clock.ts';
import { Failure } from '../domain/failure.ts';
import { createKeyCache, FRESH_MS, MAX_CACHED_KEYS } from './key-cache.ts';
import { type FoundKey, isGood, type KeyStore } from './key-store.ts';

export interface CachedKeyStore extends KeyStore {
  /** Something of this account was changed by this process: its keys are looked up again. */
  forget(accountId: string): void;
}

interface Shared {
  readonly sentAtMs: number;
  readonly finding: Promise<FoundKey | null>;
}

/**
 * The key store that calls meet, over one that only looks up. A key found within half a second costs no look-up; a
 * verified one outlives an outage for an hour; one never seen is then refused with `store_unavailable`, never with 401.
 */
export function createCachedKeyStore(store: KeyStore, clock: Clock): CachedKeyStore {
  const cache = createKeyCache(MAX_CACHED_KEYS);
  const underWay = new Map<string, Shared>();

  const lookUp = async (keyHash: string, nowMs: number): Promise<FoundKey | null> => {
    const lookUp = cache.begin(keyHash, clock.monotonic());
    let found: FoundKey | null | undefined;
    try {
      found = await store.find(keyHash, nowMs);
      return found;
    } catch (cause) {
      const verified = cache.verified(keyHash, clock.monotonic());
      if (verified !== null) return verified;
      throw unavailable(cause);
    } finally {
      cache.end(lookUp, found);
    }
  };

  /** The look-up that others may join while it is on its way. */
  const shareLookUp = (keyHash: string, nowMs: number): Promise<FoundKey | null> => {
    const shared = { sentAtMs: clock.monotonic(), finding: lookUp(keyHash, nowMs) };
    underWay.set(keyHash, shared);
    const leave = () => {
      if (underWay.get(keyHash) === shared) underWay.delete(keyHash);
    };
    shared.finding.then(leave, leave);
    return shared.finding;
  };

  /** A hit may be shared; a miss may be older than the key, so who joined asks again. */
  const findShared = async (keyHash: string, nowMs: number): Promise<FoundKey | null> => {
    const shared = underWay.get(keyHash);
    if (shared === undefined || clock.monotonic() - shared.sentAtMs >= FRESH_MS)
      return shareLookUp(keyHash, nowMs);
    return (await shared.finding) ?? lookUp(keyHash, nowMs);
  };

  return {
    find: async (keyHash, nowMs) => {
      const found = cache.fresh(keyHash, clock.monotonic()) ?? (await findShared(keyHash, nowMs));
      return found !== null && isGood(found, nowMs) ? found : null;
    },
    forget: (accountId) => {
      underWay.clear();
      cache.forget(accountId);
    },
  };
}

function unavailable(cause: unknown): Failure {
  return Failure.of('store_unavailable', {
    retryAfterMs: 1_000,
    cause,
  });
}
