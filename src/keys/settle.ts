import type { Account } from '../domain/account.ts';
import type { Once } from '../domain/operator.ts';
import type { Decision } from './changes.ts';
import type { Change, Records, RequestRecord } from './records.ts';
import { RegistryError } from './terms.ts';

/** A key that was made. */
export interface Made {
  readonly account: Account;
  readonly keyId: string;
  /** The request was carried out before: this came of it then, and the key given now was not taken. */
  readonly isReplay: boolean;
}

export interface Settle {
  /** What `decide` makes of the store as it is is written; where something came in between, it decides anew. */
  settle<Result extends { readonly change: Change | null }>(
    decide: () => Promise<Result>,
    nowMs: number,
  ): Promise<Result>;
  /** The same for a key; a request that was carried out before makes none. */
  make(decide: () => Promise<Decision>, nowMs: number, once?: Once): Promise<Made>;
}

/** How long a request is remembered by its name, ms. */
export const REMEMBERED_MS = 86_400_000;
/** A try fails only because another change went through, so that this many are never needed. */
const MAX_TRIES = 1_000;

/** Compare and set, over any store. `changedHere` hears of every account whose keys may differ from now on. */
export function createSettle(records: Records, changedHere: (accountId: string) => void): Settle {
  const settle: Settle['settle'] = async (decide, nowMs) => {
    for (let tries = 0; tries < MAX_TRIES; tries += 1) {
      const decision = await decide();
      const { change } = decision;
      if (change === null) return decision;
      if (await records.write(change, nowMs)) {
        for (const id of accountsOf(change)) changedHere(id);
        return decision;
      }
    }
    throw new Error('others changed the same thing all the time; try again');
  };

  const replayed = async ({ fingerprint, accountId, keyId }: RequestRecord, once: Once): Promise<Made> => {
    const account = await records.findAccount(accountId);
    if (fingerprint !== once.fingerprint || account === null) {
      const message = 'this Idempotency-Key was sent with another request; take a new one';
      throw new RegistryError('conflict', message, 'Idempotency-Key');
    }
    return { account, keyId, isReplay: true };
  };

  return {
    settle,
    make: async (decide, nowMs, once) => {
      const { made } = await settle(async () => {
        const [decided] = await Promise.allSettled([decide()]);
        // Asked for last: what this very request did before may be why nothing can be decided now.
        const done = once === undefined ? null : await records.findRequest(once.name, nowMs);
        if (once !== undefined && done !== null) return { made: await replayed(done, once), change: null };
        if (decided.status === 'rejected') throw decided.reason;
        const { account, keyId, change } = decided.value;
        const request = once === undefined ? null : requestOf(once, account.id, keyId, nowMs);
        return { made: { account, keyId, isReplay: false }, change: { ...change, request } };
      }, nowMs);
      return made;
    },
  };
}

const accountsOf = ({ accounts, keys }: Change): Set<string> =>
  new Set([...accounts.map(({ is }) => is.id), ...keys.map(({ is }) => is.accountId)]);

const requestOf = (once: Once, accountId: string, keyId: string, nowMs: number): RequestRecord => ({
  ...once,
  accountId,
  keyId,
  endsAtMs: nowMs + REMEMBERED_MS,
});
