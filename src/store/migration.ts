import type { DatabaseSync } from 'node:sqlite';
import { StoreError } from './store-error.ts';

/**
 * One step of a room's tables, forward only. Each room that keeps something owns its tables and numbers its steps
 * from 1; it hands them in when it opens itself, so that `store/` needs to know none of them.
 */
export interface Migration {
  readonly room: string;
  /** 1, 2, 3 … within the room. */
  readonly version: number;
  /** Statements separated by `;`, run in one transaction with the step's own record. */
  readonly sql: string;
}

/** Brings the tables of the rooms of `migrations` to their newest version, each room in one transaction. */
export function migrate(db: DatabaseSync, migrations: readonly Migration[]): void {
  for (const room of roomsOf(migrations)) {
    const steps = stepsOf(migrations, room);
    if (assertKnown(db, room, steps) === newestOf(steps)) continue;
    db.exec('BEGIN IMMEDIATE');
    try {
      migrateRoom(db, room, steps);
      db.exec('COMMIT');
    } catch (error) {
      if (db.isTransaction) db.exec('ROLLBACK');
      throw error;
    }
  }
}

/** Throws `StoreError` unless the tables of the rooms of `migrations` are at their newest version. */
export function assertMigrated(db: DatabaseSync, migrations: readonly Migration[]): void {
  for (const room of roomsOf(migrations)) {
    const steps = stepsOf(migrations, room);
    if (assertKnown(db, room, steps) === newestOf(steps)) continue;
    throw new StoreError(
      'the store is of an earlier version: start its gateway, or run `npm run store -- migrate`',
    );
  }
}

/** Whether no room has made its tables yet. */
export const isNewStore = (db: DatabaseSync): boolean => versionsTable(db) === 0;

const roomsOf = (migrations: readonly Migration[]) => new Set(migrations.map(({ room }) => room));

const stepsOf = (migrations: readonly Migration[], room: string) =>
  migrations.filter((step) => step.room === room).sort((a, b) => a.version - b.version);

const newestOf = (steps: readonly Migration[]) => steps.at(-1)?.version ?? 0;

const versionsTable = (db: DatabaseSync): number =>
  Number(db.prepare("SELECT count(*) AS n FROM sqlite_schema WHERE name = 'schema_versions'").get()?.n);

function versionOf(db: DatabaseSync, room: string): number {
  if (versionsTable(db) === 0) return 0;
  return Number(db.prepare('SELECT version FROM schema_versions WHERE room = ?').get(room)?.version ?? 0);
}

/** The version that the store has. Throws `StoreError` when a newer program wrote it. */
function assertKnown(db: DatabaseSync, room: string, steps: readonly Migration[]): number {
  const [current, newest] = [versionOf(db, room), newestOf(steps)];
  if (current > newest) {
    throw new StoreError(
      `the store was written by a newer version (${room} ${current}, this program knows ${newest}): upgrade the program`,
    );
  }
  return current;
}

function migrateRoom(db: DatabaseSync, room: string, steps: readonly Migration[]): void {
  db.exec(
    'CREATE TABLE IF NOT EXISTS schema_versions (room TEXT PRIMARY KEY, version INTEGER NOT NULL) STRICT',
  );
  // Asked again inside: another process may have been first.
  const current = assertKnown(db, room, steps);
  for (const step of steps) if (step.version > current) db.exec(step.sql);
  db.prepare(
    'INSERT INTO schema_versions VALUES (?, ?) ON CONFLICT (room) DO UPDATE SET version = excluded.version',
  ).run(room, newestOf(steps));
}
