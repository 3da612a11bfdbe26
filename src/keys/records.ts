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
  /** It was ended at once: it is refused whatever a calendar says, also one that is behind or is set back. */
  readonly revoked?: true;
}

/** A key and the account it belongs to. */
export interface OwnedKey {
  readonly key: KeyRecord;
  readonly account: Account;
}

export interface AuditRow {
  readonly atMs: number;
  readonly action: string;
  readonly accountId: string;
  readonly detail: string;
}

/** An audit row as it was read; numbers grow in the order of writing. */
export interface NumberedAuditRow extends AuditRow {
  readonly number: number;
}

/** A request that made a key, remembered so that sending it again makes none. */
export interface RequestRecord {
  /** The sender's own name for it. */
  readonly name: string;
  /** Of all that was asked for: another one under the same name is another request. */
  readonly fingerprint: string;
  readonly accountId: string;
  readonly keyId: string;
  /** Until when it is remembered, epoch ms. */
  readonly endsAtMs: number;
}

/** What a thing was when it was read, null where it is new; and what it becomes. */
export interface Step<Value> {
  readonly was: Value | null;
  readonly is: Value;
}

/** What is written together or not at all. */
export interface Change {
  readonly accounts: readonly Step<Account>[];
  readonly keys: readonly Step<KeyRecord>[];
  readonly audit: readonly AuditRow[];
  /** New under its name. */
  readonly request: RequestRecord | null;
}

/** Accounts, keys and what was done to them, as a store keeps them. Reads are small: a page at most. */
export interface Records {
  /** By ID or name. */
  findAccount(idOrName: string): Promise<Account | null>;
  findKey(id: string): Promise<OwnedKey | null>;
  /** One whose time has not run out. */
  findRequest(name: string, nowMs: number): Promise<RequestRecord | null>;
  hasKeys(): Promise<boolean>;
  /** By name, those behind `after`. */
  accounts(after: Account | null, limit: number): Promise<readonly Account[]>;
  /** The oldest first, those behind `after`; of one account where `accountId` is given. */
  keys(accountId: string | null, after: KeyRecord | null, limit: number): Promise<readonly OwnedKey[]>;
  /** The latest first, those with a number below `before`. */
  audit(before: number | null, limit: number): Promise<readonly NumberedAuditRow[]>;
  /** The earliest first, those with that number or a greater one. */
  auditFrom(number: number, limit: number): Promise<readonly NumberedAuditRow[]>;
  /**
   * Writes all of `change` if everything in it still is what it was, no other account has the name of a new one and
   * no request its name; else nothing, and says false. Of changes made at once, anywhere, each sees the ones before.
   */
  write(change: Change, nowMs: number): Promise<boolean>;
}
