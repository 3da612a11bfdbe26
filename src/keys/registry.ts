import type { Account } from '../domain/account.ts';
import type { Limits, PlanName } from '../domain/plan.ts';
import { type NewKey, randomText } from './key.ts';
import type { KeyRecord, Records } from './records.ts';

export interface NewAccount {
  readonly name: string;
  readonly plan: PlanName;
  readonly overrides: Partial<Limits>;
  readonly expiresAtMs: number | null;
}

/** The operator's request cannot be carried out; the message says why and what to do. */
export class RegistryError extends Error {
  override readonly name = 'RegistryError';
}

/** The writing side of accounts and keys. Every change leaves an audit row. Rejects with `RegistryError`. */
export interface Registry {
  /** Adds a key; makes the account where `name` is new. Another plan for an existing account is refused. */
  create(account: NewAccount, key: NewKey, nowMs: number): Promise<Account>;
  /** A second key; the first one goes on for `overlapMs`. */
  rotate(keyId: string, key: NewKey, overlapMs: number, nowMs: number): Promise<Account>;
  revoke(keyId: string, nowMs: number): Promise<void>;
  /** `account` is its name or ID. */
  change(
    account: string,
    action: string,
    change: Partial<Pick<Account, 'plan' | 'suspended'>>,
    nowMs: number,
  ): Promise<Account>;
}

/** The rules of accounts and keys, over any store. */
export function createRegistry(records: Records): Registry {
  const keyNamed = async (id: string): Promise<KeyRecord> => {
    const key = await records.findKey(id);
    if (key === null) throw new RegistryError(`no key has the ID ${id}; see \`list\``);
    return key;
  };
  const accountNamed = async (nameOrId: string): Promise<Account> => {
    const account = await records.findAccount(nameOrId);
    if (account === null) throw new RegistryError(`no account is called ${nameOrId}; see \`list\``);
    return account;
  };

  return {
    create: async (wanted, key, nowMs) => {
      const known = await records.findAccount(wanted.name);
      const account = known === null ? newAccount(wanted) : withTerms(known, wanted);
      const audit = {
        atMs: nowMs,
        action: 'create',
        accountId: account.id,
        detail: `key ${key.id}, plan ${account.plan}`,
      };
      await records.write({ accounts: [account], keys: [newRecord(key, account.id, nowMs)], audit: [audit] });
      return account;
    },
    rotate: async (keyId, key, overlapMs, nowMs) => {
      const old = await keyNamed(keyId);
      if (old.endsAtMs !== null)
        throw new RegistryError(`the key ${keyId} was revoked or rotated before; create a new one`);
      const { accountId } = old;
      const detail = `key ${keyId} to ${key.id}, overlap ${overlapMs / 1000} s`;
      await records.write({
        accounts: [],
        keys: [{ ...old, endsAtMs: nowMs + overlapMs }, newRecord(key, accountId, nowMs)],
        audit: [{ atMs: nowMs, action: 'rotate', accountId, detail }],
      });
      return accountNamed(accountId);
    },
    revoke: async (keyId, nowMs) => {
      const key = await keyNamed(keyId);
      await records.write({
        accounts: [],
        keys: [{ ...key, endsAtMs: Math.min(key.endsAtMs ?? nowMs, nowMs) }],
        audit: [{ atMs: nowMs, action: 'revoke', accountId: key.accountId, detail: `key ${keyId}` }],
      });
    },
    change: async (nameOrId, action, change, nowMs) => {
      const account = { ...(await accountNamed(nameOrId)), ...change };
      const audit = { atMs: nowMs, action, accountId: account.id, detail: Object.values(change).join(' ') };
      await records.write({ accounts: [account], keys: [], audit: [audit] });
      return account;
    },
  };
}

const newRecord = ({ hash, id }: NewKey, accountId: string, nowMs: number): KeyRecord => ({
  hash,
  id,
  accountId,
  createdAtMs: nowMs,
  endsAtMs: null,
});

const newAccount = ({ name, plan, overrides, expiresAtMs }: NewAccount): Account => ({
  id: `acct_${randomText(12)}`,
  name,
  plan,
  overrides,
  suspended: false,
  expiresAtMs,
});

/** What a second `create` says about a known account: new terms are taken over, another plan is refused. */
function withTerms(known: Account, { name, plan, overrides, expiresAtMs }: NewAccount): Account {
  if (known.plan !== plan) {
    throw new RegistryError(
      `${name} is on the plan ${known.plan}; change it with \`set-plan ${name} ${plan}\``,
    );
  }
  return {
    ...known,
    overrides: { ...known.overrides, ...overrides },
    expiresAtMs: expiresAtMs ?? known.expiresAtMs,
  };
}
