import { rmSync, statSync, writeFileSync } from 'node:fs';
import type { DatabaseSync } from 'node:sqlite';
import type { BackendOptions, SqliteBackend } from './backend.ts';
import { assertMigrated, isNewStore, type Migration, migrate } from './migration.ts';
import { isFile, openSqlite, storeErrorOf } from './sqlite.ts';
import { StoreError } from './store-error.ts';
import { unavailable } from './unavailable.ts';

/** How often the file's place is looked at, ms. */
const LOOK_EVERY_MS = 100;
/** How long a gateway leaves a file alone that another process is writing, ms: each try blocks the loop. */
const REST_MS = 250;
const SQLITE_BUSY = 5;

/** Opens an SQLite file for all rooms. Rejects with `StoreError`. */
export async function openSqliteBackend(path: string, options: BackendOptions): Promise<SqliteBackend> {
  const { role, clock } = options;
  const { db, close } = await openSqlite(path, { role });
  const wasNew = isNewStore(db);
  const assertInPlace = isFile(path) ? createPlaceCheck(path, clock) : () => {};
  let restUntilMs = Number.NEGATIVE_INFINITY;

  const guarded = <Result>(work: () => Result, lookEveryMs = LOOK_EVERY_MS): Result => {
    try {
      assertInPlace(lookEveryMs);
      return work();
    } catch (error) {
      throw unavailable(error);
    }
  };
  const write = <Result>(work: () => Result): Result =>
    guarded(() => {
      if (clock.monotonic() < restUntilMs) throw new StoreError('another process is writing the store');
      try {
        return timed(options, () => inTransaction(db, work));
      } catch (error) {
        if (role === 'gateway' && isBusy(error)) restUntilMs = clock.monotonic() + REST_MS;
        throw error;
      }
    }, 0);

  return {
    kind: 'sqlite',
    ...options,
    db,
    assertInPlace: () => guarded(() => {}),
    prepare: (steps) => prepare(db, steps, role === 'gateway' || role === 'migrate' || wasNew),
    read: (work) => guarded(work),
    write,
    serversAway: () => 0,
    check: async () => {
      if (role === 'look') return void read(db);
      // A row written again finds a file that became read-only or was stolen, and another writer.
      write(() => db.exec('UPDATE schema_versions SET version = version'));
      if (isFile(path)) guarded(() => assertRoom(path));
    },
    backup: async (file) => {
      // To SQLite a copy is a write, though not of the store.
      db.exec('PRAGMA query_only = OFF');
      db.prepare('VACUUM INTO ?').run(file);
      if (role === 'look') db.exec('PRAGMA query_only = ON');
    },
    close: async () => close(),
  };
}

/** Only what could be done is told. */
function timed<Result>({ clock, pulse }: BackendOptions, work: () => Result): Result {
  const startedAtMs = clock.monotonic();
  const result = work();
  pulse?.storeAnswered(clock.monotonic() - startedAtMs);
  return result;
}

const read = (db: DatabaseSync) => db.prepare('SELECT count(*) FROM sqlite_schema').get();

function prepare(db: DatabaseSync, steps: readonly Migration[], mayMigrate: boolean): void {
  try {
    if (mayMigrate) migrate(db, steps);
    else assertMigrated(db, steps);
  } catch (error) {
    throw storeErrorOf(error);
  }
}

/** So much has to fit beside the file for it to go on for a while, bytes. */
const ROOM_BYTES = 65_536;

/** Throws where the disk is full: the file's own journal may still have a page left when calls are refused already. */
function assertRoom(path: string): void {
  const file = `${path}.room`;
  try {
    writeFileSync(file, Buffer.alloc(ROOM_BYTES), { mode: 0o600 });
  } finally {
    rmSync(file, { force: true });
  }
}

const isBusy = (error: unknown) =>
  typeof error === 'object' && error !== null && 'errcode' in error && error.errcode === SQLITE_BUSY;

function inTransaction<Result>(db: DatabaseSync, work: () => Result): Result {
  db.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    db.exec('COMMIT');
    return result;
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK');
    throw error;
  }
}

/**
 * A file that was removed or replaced goes on existing for us alone: what is written there is lost with us. Throws
 * then, also when it comes back, as it may be another by content.
 */
function createPlaceCheck(path: string, clock: BackendOptions['clock']) {
  const own = statSync(path);
  let lookedAtMs = clock.monotonic();
  let stolen = false;
  return (lookEveryMs: number): void => {
    const nowMs = clock.monotonic();
    if (nowMs - lookedAtMs >= lookEveryMs) {
      lookedAtMs = nowMs;
      const now = statSync(path, { throwIfNoEntry: false });
      stolen = now?.ino !== own.ino || now?.dev !== own.dev;
    }
    if (stolen) throw new StoreError('the store file was removed or replaced: restart the gateway');
  };
}
