import type { DatabaseSync } from 'node:sqlite';
import type { Account, Caller } from '../domain/account.ts';
import type { Clock } from '../domain/clock.ts';
import type { Limits } from '../domain/plan.ts';
import { isPlanName } from '../domain/plan.ts';
import type { Migration } from '../store/migration.ts';
import type { KeyStore } from './key-store.ts';

export const keysMigrations: readonly Migration[] = [
  {
    room: 'keys',
    version: 1,
    sql: `
      CREATE TABLE accounts (
        id TEXT PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        plan TEXT NOT NULL,
        overrides TEXT NOT NULL,
        suspended INTEGER NOT NULL,
        expires_at_ms INTEGER
      ) STRICT;
      CREATE TABLE keys (
        hash TEXT PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        account_id TEXT NOT NULL REFERENCES accounts (id),
        created_at_ms INTEGER NOT NULL,
        ends_at_ms INTEGER
      ) STRICT;
      CREATE TABLE audit (
        at_ms INTEGER NOT NULL,
        action TEXT NOT NULL,
        account_id TEXT NOT NULL,
        detail TEXT NOT NULL
      ) STRICT;
    `,
  },
];

/** How often the file is asked whether another process changed it, ms: a revocation is seen well within a second. */
const POLL_MS = 250;
const MAX_CACHED_KEYS = 50_000;

interface CachedKey {
  readonly caller: Caller;
  readonly endsAtMs: number | null;
}

/**
 * Keys found once stay in memory until the file changes (`PRAGMA data_version`). What is not in memory is always
 * looked up, so a new key works on its first call. The version does not tell of changes made on `db` itself: whoever
 * makes one calls `forget`.
 */
export function createSqliteKeyStore(db: DatabaseSync, clock: Clock): KeyStore & { forget(): void } {
  const select = db.prepare(
    `SELECT keys.id AS key_id, keys.ends_at_ms, accounts.* FROM keys JOIN accounts ON accounts.id = keys.account_id WHERE keys.hash = ?`,
  );
  const version = db.prepare('PRAGMA data_version');
  const cache = new Map<string, CachedKey>();
  let seenVersion: unknown;
  let askedAtMs = Number.NEGATIVE_INFINITY;

  const forgetWhatChanged = () => {
    if (clock.monotonic() - askedAtMs < POLL_MS) return;
    askedAtMs = clock.monotonic();
    const current = version.get()?.data_version;
    if (current !== seenVersion) cache.clear();
    seenVersion = current;
  };

  const lookUp = (keyHash: string): CachedKey | null => {
    const row = select.get(keyHash);
    if (row === undefined) return null;
    const found = {
      caller: { account: accountOf(row), keyId: String(row.key_id) },
      endsAtMs: row.ends_at_ms as number | null,
    };
    if (cache.size >= MAX_CACHED_KEYS) cache.clear();
    cache.set(keyHash, found);
    return found;
  };

  return {
    forget: () => cache.clear(),
    find: async (keyHash, nowMs) => {
      forgetWhatChanged();
      const found = cache.get(keyHash) ?? lookUp(keyHash);
      return found === null || (found.endsAtMs !== null && nowMs >= found.endsAtMs) ? null : found.caller;
    },
  };
}

/** A row of `accounts` in the domain's words. */
export function accountOf(row: Readonly<Record<string, unknown>>): Account {
  const plan = String(row.plan);
  if (!isPlanName(plan))
    throw new Error(`the store names the plan ${plan}, which this program does not know`);
  return {
    id: String(row.id),
    name: String(row.name),
    plan,
    overrides: JSON.parse(String(row.overrides)) as Partial<Limits>,
    suspended: row.suspended === 1,
    expiresAtMs: row.expires_at_ms as number | null,
  };
}
