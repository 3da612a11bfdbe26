import type { DatabaseSync } from 'node:sqlite';
import type { Account } from '../domain/account.ts';
import { type NewKey, randomText } from './key.ts';
import { accountOf } from './key-store-sqlite.ts';
import { type AuditRow, type KeyRecord, type NewAccount, type Registry, RegistryError } from './registry.ts';

/** Accounts and keys in SQLite: each change and its audit row in one transaction; then `changed` is called. */
export function createSqliteRegistry(db: DatabaseSync, changed: () => void): Registry {
  const transaction = <Result>(work: () => Result): Result => {
    db.exec('BEGIN IMMEDIATE');
    try {
      const result = work();
      db.exec('COMMIT');
      changed();
      return result;
    } catch (error) {
      db.exec('ROLLBACK');
      throw error;
    }
  };

  const note = (row: AuditRow) =>
    db.prepare('INSERT INTO audit VALUES (?, ?, ?, ?)').run(row.atMs, row.action, row.accountId, row.detail);

  const findAccount = (nameOrId: string): Account | null => {
    const row = db
      .prepare('SELECT * FROM accounts WHERE name = ?1 OR id = ?1 ORDER BY id = ?1 DESC')
      .get(nameOrId);
    return row === undefined ? null : accountOf(row);
  };

  const save = ({ id, name, plan, overrides, suspended, expiresAtMs }: Account) =>
    db.prepare(SAVE_ACCOUNT).run(id, name, plan, JSON.stringify(overrides), Number(suspended), expiresAtMs);

  const addKey = (key: NewKey, accountId: string, atMs: number) =>
    db.prepare('INSERT INTO keys VALUES (?, ?, ?, ?, NULL)').run(key.hash, key.id, accountId, atMs);

  const keyNamed = (keyId: string): KeyRecord => {
    const row = db.prepare('SELECT * FROM keys WHERE id = ?').get(keyId);
    if (row === undefined) throw new RegistryError(`no key has the ID ${keyId}; see \`list\``);
    return keyRecordOf(row);
  };

  const end = (keyId: string, atMs: number) =>
    db
      .prepare('UPDATE keys SET ends_at_ms = min(coalesce(ends_at_ms, ?1), ?1) WHERE id = ?2')
      .run(atMs, keyId);

  return {
    create: async (wanted, key, nowMs) =>
      transaction(() => {
        const known = findAccount(wanted.name);
        const account = known === null ? newAccount(wanted) : withTerms(known, wanted);
        save(account);
        addKey(key, account.id, nowMs);
        note({
          atMs: nowMs,
          action: 'create',
          accountId: account.id,
          detail: `key ${key.id}, plan ${account.plan}`,
        });
        return account;
      }),
    rotate: async (keyId, key, overlapMs, nowMs) =>
      transaction(() => {
        const { accountId, endsAtMs } = keyNamed(keyId);
        if (endsAtMs !== null)
          throw new RegistryError(`the key ${keyId} was revoked or rotated before; create a new one`);
        addKey(key, accountId, nowMs);
        end(keyId, nowMs + overlapMs);
        note({
          atMs: nowMs,
          action: 'rotate',
          accountId,
          detail: `key ${keyId} to ${key.id}, overlap ${overlapMs / 1000} s`,
        });
        return findAccount(accountId) as Account;
      }),
    revoke: async (keyId, nowMs) =>
      transaction(() => {
        const { accountId } = keyNamed(keyId);
        end(keyId, nowMs);
        note({ atMs: nowMs, action: 'revoke', accountId, detail: `key ${keyId}` });
      }),
    change: async (nameOrId, action, change, nowMs) =>
      transaction(() => {
        const known = findAccount(nameOrId);
        if (known === null) throw new RegistryError(`no account is called ${nameOrId}; see \`list\``);
        const account = { ...known, ...change };
        save(account);
        note({ atMs: nowMs, action, accountId: account.id, detail: Object.values(change).join(' ') });
        return account;
      }),
    accounts: async () => db.prepare('SELECT * FROM accounts ORDER BY name').all().map(accountOf),
    keys: async () => db.prepare('SELECT * FROM keys ORDER BY created_at_ms').all().map(keyRecordOf),
    audit: async () => db.prepare('SELECT * FROM audit ORDER BY rowid').all().map(auditRowOf),
  };
}

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

const SAVE_ACCOUNT = `
  INSERT INTO accounts VALUES (?, ?, ?, ?, ?, ?)
  ON CONFLICT (id) DO UPDATE SET plan = excluded.plan, overrides = excluded.overrides,
    suspended = excluded.suspended, expires_at_ms = excluded.expires_at_ms`;

const keyRecordOf = (row: Readonly<Record<string, unknown>>): KeyRecord => ({
  id: String(row.id),
  accountId: String(row.account_id),
  createdAtMs: Number(row.created_at_ms),
  endsAtMs: row.ends_at_ms as number | null,
});

const auditRowOf = (row: Readonly<Record<string, unknown>>): AuditRow => ({
  atMs: Number(row.at_ms),
  action: String(row.action),
  accountId: String(row.account_id),
  detail: String(row.detail),
});
