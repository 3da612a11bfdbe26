import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as wait } from 'node:timers/promises';
import type { Migration } from './migration.ts';
import { StoreError } from './store-error.ts';

export interface SqliteOptions {
  /** A gateway owns its file while it runs; a tool reads and writes beside it. */
  readonly role: 'gateway' | 'tool';
  /** How long a start waits for a predecessor that is still draining, ms. */
  readonly waitMs?: number;
}

export interface OpenedSqlite {
  readonly db: DatabaseSync;
  close(): void;
}

/**
 * Opens the file, its folder made where it is new, and brings its tables forward. WAL with synchronous=NORMAL: a
 * killed process loses nothing that was committed. Rejects with `StoreError` when another gateway has the file or
 * a newer program wrote it.
 */
export async function openSqlite(
  path: string,
  migrations: readonly Migration[],
  { role, waitMs = 10_000 }: SqliteOptions,
): Promise<OpenedSqlite> {
  mkdirSync(dirname(path), { recursive: true });
  const lock = role === 'gateway' ? await lockFile(`${path}.lock`, waitMs) : null;
  try {
    const db = new DatabaseSync(path);
    db.exec(
      'PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON',
    );
    migrate(db, migrations);
    return {
      db,
      close: () => {
        db.close();
        lock?.close();
      },
    };
  } catch (error) {
    lock?.close();
    throw error;
  }
}

/**
 * One gateway a file: each leases calls of the month in its memory and counts the second alone. The lock is an open
 * transaction on a second file, so that it ends with the process however that ends.
 */
async function lockFile(path: string, waitMs: number): Promise<DatabaseSync> {
  const lock = new DatabaseSync(path);
  lock.exec('PRAGMA busy_timeout = 0');
  for (let waited = 0; ; waited += 100) {
    try {
      lock.exec('BEGIN EXCLUSIVE');
      return lock;
    } catch {
      if (waited >= waitMs) {
        lock.close();
        throw new StoreError(
          'another gateway is using this SQLite store: stop it first, or share a store on redis://',
        );
      }
      await wait(100);
    }
  }
}

/** Each room's steps in their order, each in one transaction with its record. */
export function migrate(db: DatabaseSync, migrations: readonly Migration[]): void {
  db.exec(
    'CREATE TABLE IF NOT EXISTS schema_versions (room TEXT PRIMARY KEY, version INTEGER NOT NULL) STRICT',
  );
  for (const room of new Set(migrations.map((step) => step.room))) {
    const steps = migrations.filter((step) => step.room === room).sort((a, b) => a.version - b.version);
    db.exec('BEGIN IMMEDIATE');
    try {
      migrateRoom(db, room, steps);
      db.exec('COMMIT');
    } catch (error) {
      db.exec('ROLLBACK');
      throw error;
    }
  }
}

function migrateRoom(db: DatabaseSync, room: string, steps: readonly Migration[]): void {
  const row = db.prepare('SELECT version FROM schema_versions WHERE room = ?').get(room);
  const current = Number(row?.version ?? 0);
  const newest = steps.at(-1)?.version ?? 0;
  if (current > newest) {
    throw new StoreError(
      `the store was written by a newer version (${room} ${current}, this program knows ${newest}): upgrade the program`,
    );
  }
  for (const step of steps) if (step.version > current) db.exec(step.sql);
  db.prepare(
    'INSERT INTO schema_versions VALUES (?, ?) ON CONFLICT (room) DO UPDATE SET version = excluded.version',
  ).run(room, newest);
}
