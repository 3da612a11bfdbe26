import type { DatabaseSync } from 'node:sqlite';
import type { Account } from '../domain/account.ts';
import { accountOf } from './key-store-sqlite.ts';
import type { AuditRow, KeyRecord, Records } from './records.ts';

type Row = Readonly<Record<string, unknown>>;

const SAVE_ACCOUNT = `
  INSERT INTO accounts VALUES (?, ?, ?, ?, ?, ?)
  ON CONFLICT (id) DO UPDATE SET plan = excluded.plan, overrides = excluded.overrides,
    suspended = excluded.suspended, expires_at_ms = excluded.expires_at_ms`;
const SAVE_KEY =
  'INSERT INTO keys VALUES (?, ?, ?, ?, ?) ON CONFLICT (hash) DO UPDATE SET ends_at_ms = excluded.ends_at_ms';

/** Accounts and keys in SQLite: each change in one transaction; then `changed` is called. */
export function createSqliteRecords(db: DatabaseSync, changed: () => void): Records {
  const saveAccount = ({ id, name, plan, overrides, suspended, expiresAtMs }: Account) =>
    db.prepare(SAVE_ACCOUNT).run(id, name, plan, JSON.stringify(overrides), Number(suspended), expiresAtMs);

  return {
    findAccount: async (nameOrId) => {
      const row = db
        .prepare('SELECT * FROM accounts WHERE name = ?1 OR id = ?1 ORDER BY id = ?1 DESC')
        .get(nameOrId);
      return row === undefined ? null : accountOf(row);
    },
    findKey: async (id) => {
      const row = db.prepare('SELECT * FROM keys WHERE id = ?').get(id);
      return row === undefined ? null : keyRecordOf(row);
    },
    accounts: async () => db.prepare('SELECT * FROM accounts ORDER BY name').all().map(accountOf),
    keys: async () => db.prepare('SELECT * FROM keys ORDER BY created_at_ms').all().map(keyRecordOf),
    audit: async () => db.prepare('SELECT * FROM audit ORDER BY rowid').all().map(auditRowOf),
    write: async ({ accounts, keys, audit }) => {
      db.exec('BEGIN IMMEDIATE');
      try {
        accounts.forEach(saveAccount);
        for (const key of keys)
          db.prepare(SAVE_KEY).run(key.hash, key.id, key.accountId, key.createdAtMs, key.endsAtMs);
        for (const row of audit) {
          db.prepare('INSERT INTO audit VALUES (?, ?, ?, ?)').run(
            row.atMs,
            row.action,
            row.accountId,
            row.detail,
          );
        }
        db.exec('COMMIT');
      } catch (error) {
        db.exec('ROLLBACK');
        throw error;
      }
      changed();
    },
  };
}

const keyRecordOf = (row: Row): KeyRecord => ({
  hash: String(row.hash),
  id: String(row.id),
  accountId: String(row.account_id),
  createdAtMs: Number(row.created_at_ms),
  endsAtMs: row.ends_at_ms as number | null,
});

const auditRowOf = (row: Row): AuditRow => ({
  atMs: Number(row.at_ms),
  action: String(row.action),
  accountId: String(row.account_id),
  detail: String(row.detail),
});
