import { type Caller, isActive } from '../domain/account.ts';
import type { Clock } from '../domain/clock.ts';
import { Failure } from '../domain/failure.ts';
import { hashKey, parseKey } from './key.ts';
import type { KeyStore } from './key-store.ts';

const CHALLENGE = { 'www-authenticate': 'ApiKey realm="bitbucket-api", header="x-oanor-key"' };
const WHERE = 'Send it in the `x-oanor-key` header; keys are made at https://www.oanor.com/developer/keys.';

/**
 * The first gate: whose key is it? `note` learns the caller also when its subscription has ended, so that the
 * refusal can carry the account's limits. Throws `key_missing`, `key_invalid`, `subscription_inactive` or
 * `store_unavailable`.
 */
export function createAuthenticate({ keys, clock }: { readonly keys: KeyStore; readonly clock: Clock }) {
  return async (text: string | undefined, note: { caller: Caller | null }): Promise<void> => {
    const key = text?.trim() ?? '';
    if (key === '') throw new Failure('key_missing', `A key is needed. ${WHERE}`, { headers: CHALLENGE });
    const nowMs = clock.now();
    const caller = parseKey(key) === null ? null : await keys.find(hashKey(key), nowMs);
    if (caller === null) {
      throw new Failure('key_invalid', `This key is unknown or no longer valid. ${WHERE}`, {
        headers: CHALLENGE,
      });
    }
    note.caller = caller;
    if (!isActive(caller.account, nowMs)) {
      throw new Failure(
        'subscription_inactive',
        'The subscription behind this key is suspended or has expired. Renew it to go on.',
      );
    }
  };
}
