import type { Account } from '../domain/account.ts';
import { wordsOfCreate, wordsOfPatch, wordsOfRevoke, wordsOfRotate } from './audit-words.ts';
import type { NewKey } from './key.ts';
import type { Change, KeyRecord, OwnedKey, Step } from './records.ts';
import { type AccountPatch, checkOverlap, type NewAccount, patched, RegistryError } from './terms.ts';

/** A decision about what was read: what to write, and the account and key that come of it. */
export interface Decision {
  readonly change: Change;
  readonly account: Account;
  readonly keyId: string;
}

/** A new account with its first key. */
export function opened(id: string, wanted: NewAccount, key: NewKey, nowMs: number): Decision {
  const { name, plan, overrides, expiresAtMs } = wanted;
  const account = { id, name, plan, overrides, suspended: false, expiresAtMs };
  return withKey({ was: null, is: account }, key, nowMs);
}

/** Another key of a known account. */
export const joined = (account: Account, key: NewKey, nowMs: number): Decision =>
  withKey({ was: account, is: account }, key, nowMs);

/** What a second `create` says about a known account: new terms are taken over, another plan is refused. */
export function renewed(known: Account, wanted: NewAccount, key: NewKey, nowMs: number): Decision {
  const { name, plan, overrides, expiresAtMs } = wanted;
  if (known.plan !== plan) {
    throw new RegistryError(
      'conflict',
      `${name} is on the plan ${known.plan}; change it with \`set-plan ${name} ${plan}\``,
      'plan',
    );
  }
  const is = patched(known, { ...overrides, ...(expiresAtMs === null ? {} : { expiresAtMs }) });
  return withKey({ was: known, is }, key, nowMs);
}

function withKey(account: Step<Account>, key: NewKey, nowMs: number): Decision {
  const { id, plan } = account.is;
  const audit = { atMs: nowMs, accountId: id, ...wordsOfCreate(key.id, plan) };
  return {
    account: account.is,
    keyId: key.id,
    change: {
      accounts: account.was === account.is ? [] : [account],
      keys: [{ was: null, is: recordOf(key, id, nowMs) }],
      audit: [audit],
      request: null,
    },
  };
}

/** A second key in place of `old`, which goes on for `overlapMs`. Throws `RegistryError` when it has an end. */
export function rotated(
  { key: old, account }: OwnedKey,
  key: NewKey,
  overlapMs: number,
  nowMs: number,
): Decision {
  checkOverlap(overlapMs);
  if (old.endsAtMs !== null) {
    throw new RegistryError(
      'conflict',
      `the key ${old.id} was revoked or rotated before; create a new one`,
      'id',
    );
  }
  const { accountId } = old;
  return {
    account,
    keyId: key.id,
    change: {
      accounts: [],
      keys: [
        { was: old, is: overlapMs === 0 ? endedAtOnce(old, nowMs) : { ...old, endsAtMs: nowMs + overlapMs } },
        { was: null, is: recordOf(key, accountId, nowMs) },
      ],
      audit: [{ atMs: nowMs, accountId, ...wordsOfRotate(old.id, key.id, overlapMs) }],
      request: null,
    },
  };
}

/** An end at once. Null where there is nothing to do. */
export function revoked(key: KeyRecord, nowMs: number): Change | null {
  if (key.revoked) return null;
  const { id, accountId } = key;
  return {
    accounts: [],
    keys: [{ was: key, is: endedAtOnce(key, nowMs) }],
    audit: [{ atMs: nowMs, accountId, ...wordsOfRevoke(id) }],
    request: null,
  };
}

/** An end only moves earlier. */
const endedAtOnce = (key: KeyRecord, nowMs: number): KeyRecord => ({
  ...key,
  endsAtMs: Math.min(key.endsAtMs ?? nowMs, nowMs),
  revoked: true,
});

/** `patch` taken over. Throws `RegistryError`. */
export function changed(was: Account, patch: AccountPatch, nowMs: number): Omit<Decision, 'keyId'> {
  const account = patched(was, patch);
  const audit = { atMs: nowMs, accountId: account.id, ...wordsOfPatch(patch) };
  return {
    account,
    change: { accounts: [{ was, is: account }], keys: [], audit: [audit], request: null },
  };
}

const recordOf = ({ hash, id }: NewKey, accountId: string, nowMs: number): KeyRecord => ({
  hash,
  id,
  accountId,
  createdAtMs: nowMs,
  endsAtMs: null,
});
