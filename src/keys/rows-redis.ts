import type { Account } from '../domain/account.ts';
import type { KeyRecord } from './records.ts';
import { knownPlan } from './terms.ts';

/** Where the registry lies; all of it in one slot of a cluster, because it changes together. */
export const REGISTRY = {
  /** Hash: account's ID → account. */
  accounts: '{gateway}:accounts',
  /** Hash: name → account's ID. */
  names: '{gateway}:names',
  /** Hash: key's hash → key. */
  keys: '{gateway}:keys',
  /** Hash: key's ID → key's hash. */
  keyIds: '{gateway}:key-ids',
  /** List of audit rows, the oldest first. */
  audit: '{gateway}:audit',
  /** Sorted set of names. */
  accountsByName: '{gateway}:accounts-by-name',
  /** Sorted set of `age id`. */
  keysByAge: '{gateway}:keys-by-age',
  /** Sorted set of `account age id`. */
  keysByAccount: '{gateway}:keys-by-account',
} as const;

export const requestAt = (name: string): string => `{gateway}:request:${name}`;

/** Sorts as the moment does. */
export const ageOf = ({ createdAtMs, id }: KeyRecord): string =>
  `${String(createdAtMs).padStart(15, '0')} ${id}`;

export function parsedAccount(text: string): Account {
  const account = JSON.parse(text) as Account;
  return { ...account, plan: knownPlan(account.plan) };
}

export const parsedKey = (text: string): KeyRecord => JSON.parse(text) as KeyRecord;
