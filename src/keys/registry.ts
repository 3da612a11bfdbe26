import type { Account } from '../domain/account.ts';
import type { Once } from '../domain/operator.ts';
import { changed, joined, opened, renewed, revoked, rotated } from './changes.ts';
import { type NewKey, randomText } from './key.ts';
import { createLists, type Lists } from './lists.ts';
import type { OwnedKey, Records } from './records.ts';
import { createSettle, type Made } from './settle.ts';
import { type AccountPatch, checkedAccount, type NewAccount, RegistryError } from './terms.ts';

/**
 * Accounts and keys as operators see them. Every change is made to what the store holds at that moment, whoever else
 * is changing it, and leaves an audit row. Rejects with `RegistryError`, which says what to do, or as the store does.
 */
export interface Registry extends Lists {
  /** Adds a key; makes the account where `name` is new. Another plan for an existing account is refused. */
  create(account: NewAccount, key: NewKey, nowMs: number): Promise<Made>;
  /** A new account with its first key; a name that is taken is refused. */
  createAccount(account: NewAccount, key: NewKey, nowMs: number, once?: Once): Promise<Made>;
  /** Another key; `account` is its ID or name. */
  addKey(account: string, key: NewKey, nowMs: number, once?: Once): Promise<Made>;
  /** A key in place of another, which goes on for `overlapMs`. */
  rotate(keyId: string, key: NewKey, overlapMs: number, nowMs: number, once?: Once): Promise<Made>;
  /** From now on the key is refused. Of a key that is refused already nothing changes. */
  revoke(keyId: string, nowMs: number): Promise<OwnedKey>;
  /** `account` is its ID or name. */
  change(account: string, patch: AccountPatch, nowMs: number): Promise<Account>;
}

/** The registry over any store. `changedHere` hears of every account whose keys may differ from now on. */
export function createRegistry(records: Records, changedHere: (accountId: string) => void): Registry {
  const lists = createLists(records);
  const { settle, make } = createSettle(records, changedHere);
  return {
    ...lists,
    create: (wanted, key, nowMs) =>
      make(async () => {
        const terms = checkedAccount(wanted);
        const known = await records.findAccount(terms.name);
        return known === null ? opened(newId(), terms, key, nowMs) : renewed(known, terms, key, nowMs);
      }, nowMs),
    createAccount: (wanted, key, nowMs, once) => {
      const decide = async () => {
        const terms = checkedAccount(wanted);
        if ((await records.findAccount(terms.name)) === null) return opened(newId(), terms, key, nowMs);
        throw new RegistryError('conflict', `there is an account called ${terms.name}`, 'name');
      };
      return make(decide, nowMs, once);
    },
    addKey: (account, key, nowMs, once) =>
      make(async () => joined(await lists.account(account), key, nowMs), nowMs, once),
    rotate: (keyId, key, overlapMs, nowMs, once) => {
      const decide = async () => rotated(await lists.key(keyId), key, overlapMs, nowMs);
      return make(decide, nowMs, once);
    },
    revoke: async (keyId, nowMs) => {
      await settle(async () => ({ change: revoked((await lists.key(keyId)).key, nowMs) }), nowMs);
      return lists.key(keyId);
    },
    change: async (account, patch, nowMs) => {
      const decide = async () => changed(await lists.account(account), patch, nowMs);
      return (await settle(decide, nowMs)).account;
    },
  };
}

const newId = () => `acct_${randomText(12)}`;
