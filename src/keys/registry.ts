import type { Account } from '../domain/account.ts';
import type { Limits, PlanName } from '../domain/plan.ts';
import type { NewKey } from './key.ts';

/** A key as operators see it; the key itself is nowhere. */
export interface KeyRecord {
  readonly id: string;
  readonly accountId: string;
  readonly createdAtMs: number;
  /** From when on it is refused; null while it is good. A rotated key has a moment in the future. */
  readonly endsAtMs: number | null;
}

export interface AuditRow {
  readonly atMs: number;
  readonly action: string;
  readonly accountId: string;
  readonly detail: string;
}

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
  accounts(): Promise<readonly Account[]>;
  keys(): Promise<readonly KeyRecord[]>;
  audit(): Promise<readonly AuditRow[]>;
}
