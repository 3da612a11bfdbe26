import type { Account } from '../domain/account.ts';

/** A key as it is kept: by its hash, never itself. */
export interface KeyRecord {
  /** SHA-256, hex. */
  readonly hash: string;
  /** The public part. */
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

/** What is written together or not at all: accounts and keys new or changed, audit rows added. */
export interface Change {
  readonly accounts: readonly Account[];
  readonly keys: readonly KeyRecord[];
  readonly audit: readonly AuditRow[];
}

/** Accounts, keys and who changed them, as a store keeps them. */
export interface Records {
  /** By name or ID. */
  findAccount(nameOrId: string): Promise<Account | null>;
  findKey(id: string): Promise<KeyRecord | null>;
  /** By name. */
  accounts(): Promise<readonly Account[]>;
  /** The oldest first. */
  keys(): Promise<readonly KeyRecord[]>;
  /** In the order of writing. */
  audit(): Promise<readonly AuditRow[]>;
  write(change: Change): Promise<void>;
}
