import type { Migration } from '../store/migration.ts';

/** The tables of this room. A step that was released stays as it is. */
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
  {
    // Lists page by page, and requests remembered by their names.
    room: 'keys',
    version: 2,
    sql: `
      CREATE INDEX keys_by_age ON keys (created_at_ms, id);
      CREATE INDEX keys_by_account ON keys (account_id, created_at_ms, id);
      CREATE TABLE requests (
        name TEXT PRIMARY KEY,
        fingerprint TEXT NOT NULL,
        account_id TEXT NOT NULL,
        key_id TEXT NOT NULL,
        ends_at_ms INTEGER NOT NULL
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX requests_by_end ON requests (ends_at_ms);
    `,
  },
  {
    // Keys that were ended at once, whatever a calendar says.
    room: 'keys',
    version: 3,
    sql: 'ALTER TABLE keys ADD COLUMN revoked INTEGER NOT NULL DEFAULT 0;',
  },
];
