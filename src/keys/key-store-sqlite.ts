import type { SqliteBackend } from '../store/backend.ts';
import { isGood, type KeyStore } from './key-store.ts';
import { accountOf, type Row } from './rows-sqlite.ts';

const FIND = `
  SELECT keys.id AS key_id, keys.ends_at_ms, accounts.*
  FROM keys JOIN accounts ON accounts.id = keys.account_id
  WHERE keys.hash = ? AND NOT keys.revoked`;

/** Keys in SQLite: every question is one look into the file. */
export function createSqliteKeyStore({ db, read }: SqliteBackend): KeyStore {
  const select = db.prepare(FIND);
  return {
    find: async (keyHash, nowMs) => {
      const row = read(() => select.get(keyHash));
      if (row === undefined) return null;
      const found = foundKeyOf(row);
      return isGood(found, nowMs) ? found : null;
    },
  };
}

const foundKeyOf = (row: Row) => ({
  account: accountOf(row),
  keyId: String(row.key_id),
  endsAtMs: row.ends_at_ms as number | null,
});
