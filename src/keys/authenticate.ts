import { type Caller, isActive } from '../domain/account.ts';
import type { Clock } from '../domain/clock.ts';
import { FAILURES, Failure } from '../domain/failure.ts';
import { CHALLENGE, type Credentials, keyOf, WHERE } from './credentials.ts';
import { hashKey, parseKey } from './key.ts';
import type { KeyStore } from './key-store.ts';

/**
 * Whose key is it? Suspended and expired accounts are found too, so that their refusal can carry the account's limits.
 * Rejects with `key_missing`, `key_invalid`, `store_unavailable`, or `invalid_request` for two different keys.
 */
export function createAuthenticate({ keys, clock }: { readonly keys: KeyStore; readonly clock: Clock }) {
  return async (given: Credentials): Promise<Caller> => {
    const key = keyOf(given);
    const caller = parseKey(key) === null ? null : await keys.find(hashKey(key), clock.now());
    if (caller !== null) return caller;
    throw new Failure('key_invalid', `${FAILURES.key_invalid.example} ${WHERE}`, {
      headers: CHALLENGE,
    });
  };
}

/** The refusal of a caller whose account may not call at `nowMs`; null for all others. */
export function refusalOfInactive({ account }: Caller, nowMs: number): Failure | null {
  if (isActive(account, nowMs)) return null;
  return Failure.of('subscription_inactive');
}
