import type { DatabaseSync } from 'node:sqlite';
import type { Account } from '../domain/account.ts';
import type { SqliteBackend } from '../store/backend.ts';
import type { Change, KeyRecord, OwnedKey, Records } from './records.ts';
import { accountOf, auditRowOf, keyRecordOf, type Row, requestOf } from './rows-sqlite.ts';

const OWNED = `
  SELECT accounts.*, keys.id AS key_id, keys.hash, keys.account_id, keys.created_at_ms, keys.ends_at_ms,
    keys.revoked
  FROM keys JOIN accounts ON accounts.id = keys.account_id`;
const READ = {
  account: 'SELECT * FROM accounts WHERE name = ?1 OR id = ?1 ORDER BY id = ?1 DESC LIMIT 1',
  key: `${OWNED} WHERE keys.id = ?`,
  anyKey: 'SELECT 1 FROM keys LIMIT 1',
  request: 'SELECT * FROM requests WHERE name = ? AND ends_at_ms > ?',
  accounts: 'SELECT * FROM accounts WHERE name > ? ORDER BY name LIMIT ?',
  keys: `${OWNED} WHERE (keys.created_at_ms, keys.id) > (?, ?) ORDER BY keys.created_at_ms, keys.id LIMIT ?`,
  keysOfAccount: `${OWNED} WHERE keys.account_id = ? AND (keys.created_at_ms, keys.id) > (?, ?)
    ORDER BY keys.created_at_ms, keys.id LIMIT ?`,
  audit: 'SELECT rowid AS number, * FROM audit WHERE rowid < ? ORDER BY rowid DESC LIMIT ?',
  auditFrom: 'SELECT rowid AS number, * FROM audit WHERE rowid >= ? ORDER BY rowid LIMIT ?',
} as const;
const STANDS = {
  newAccount: 'SELECT NOT EXISTS (SELECT 1 FROM accounts WHERE id = ? OR name = ?)',
  account: `SELECT EXISTS (SELECT 1 FROM accounts
    WHERE id = ? AND plan = ? AND overrides = ? AND suspended = ? AND expires_at_ms IS ?)`,
  newKey: 'SELECT NOT EXISTS (SELECT 1 FROM keys WHERE hash = ? OR id = ?)',
  key: 'SELECT EXISTS (SELECT 1 FROM keys WHERE hash = ? AND ends_at_ms IS ? AND revoked = ?)',
  newRequest: 'SELECT NOT EXISTS (SELECT 1 FROM requests WHERE name = ? AND ends_at_ms > ?)',
} as const;
const WRITE = {
  newAccount: 'INSERT INTO accounts VALUES (?, ?, ?, ?, ?, ?)',
  account: 'UPDATE accounts SET plan = ?, overrides = ?, suspended = ?, expires_at_ms = ? WHERE id = ?',
  newKey: 'INSERT INTO keys VALUES (?, ?, ?, ?, ?, ?)',
  key: 'UPDATE keys SET ends_at_ms = ?, revoked = ? WHERE hash = ?',
  audit: 'INSERT INTO audit VALUES (?, ?, ?, ?)',
  pastRequests: 'DELETE FROM requests WHERE ends_at_ms <= ?',
  request: 'INSERT INTO requests VALUES (?, ?, ?, ?, ?)',
} as const;

type Value = string | number | null;

/** Accounts and keys in SQLite: each change in one transaction. */
export function createSqliteRecords({ db, read, write }: SqliteBackend): Records {
  const all = <Of>(of: (row: Row) => Of, sql: string, ...values: Value[]): Of[] =>
    read(() => db.prepare(sql).all(...values)).map(of);
  const one = <Of>(of: (row: Row) => Of, sql: string, ...values: Value[]): Of | null =>
    all(of, sql, ...values)[0] ?? null;
  return {
    findAccount: async (idOrName) => one(accountOf, READ.account, idOrName),
    findKey: async (id) => one(ownedKeyOf, READ.key, id),
    findRequest: async (name, nowMs) => one(requestOf, READ.request, name, nowMs),
    hasKeys: async () => one(() => true, READ.anyKey) !== null,
    accounts: async (after, limit) => all(accountOf, READ.accounts, after?.name ?? '', limit),
    keys: async (accountId, after, limit) => {
      const behind = [after?.createdAtMs ?? -1, after?.id ?? '', limit] as const;
      return accountId === null
        ? all(ownedKeyOf, READ.keys, ...behind)
        : all(ownedKeyOf, READ.keysOfAccount, accountId, ...behind);
    },
    audit: async (before, limit) => all(auditRowOf, READ.audit, before ?? Number.MAX_SAFE_INTEGER, limit),
    auditFrom: async (number, limit) => all(auditRowOf, READ.auditFrom, number, limit),
    write: async (change, nowMs) =>
      write(() => {
        const stands = allStands(db, change, nowMs);
        if (stands) writeAll(db, change, nowMs);
        return stands;
      }),
  };
}

const ownedKeyOf = (row: Row): OwnedKey => ({ key: keyRecordOf(row), account: accountOf(row) });

/** Whether everything in `change` still is what it was. */
function allStands(db: DatabaseSync, { accounts, keys, request }: Change, nowMs: number): boolean {
  const stands = (sql: string, ...values: Value[]) =>
    Object.values(db.prepare(sql).get(...values) ?? {})[0] === 1;
  return (
    accounts.every(({ was, is }) =>
      was === null
        ? stands(STANDS.newAccount, is.id, is.name)
        : stands(STANDS.account, is.id, ...termsOf(was)),
    ) &&
    keys.every(({ was, is }) =>
      was === null ? stands(STANDS.newKey, is.hash, is.id) : stands(STANDS.key, is.hash, ...endOf(was)),
    ) &&
    (request === null || stands(STANDS.newRequest, request.name, nowMs))
  );
}

function writeAll(db: DatabaseSync, change: Change, nowMs: number): void {
  const run = (sql: string, ...values: Value[]) => db.prepare(sql).run(...values);
  for (const { was, is } of change.accounts) {
    if (was === null) run(WRITE.newAccount, is.id, is.name, ...termsOf(is));
    else run(WRITE.account, ...termsOf(is), is.id);
  }
  for (const { was, is } of change.keys) {
    if (was === null) run(WRITE.newKey, is.hash, is.id, is.accountId, is.createdAtMs, ...endOf(is));
    else run(WRITE.key, ...endOf(is), is.hash);
  }
  for (const { atMs, action, accountId, detail } of change.audit)
    run(WRITE.audit, atMs, action, accountId, detail);
  if (change.request === null) return;
  run(WRITE.pastRequests, nowMs);
  const { name, fingerprint, accountId, keyId, endsAtMs } = change.request;
  run(WRITE.request, name, fingerprint, accountId, keyId, endsAtMs);
}

const endOf = ({ endsAtMs, revoked }: KeyRecord): Value[] => [endsAtMs, revoked ? 1 : 0];

const termsOf = ({ plan, overrides, suspended, expiresAtMs }: Account): Value[] => [
  plan,
  JSON.stringify(overrides),
  Number(suspended),
  expiresAtMs,
];
