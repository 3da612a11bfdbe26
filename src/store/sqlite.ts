import {
  accessSync,
  chmodSync,
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  statSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as wait } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { getSystemErrorMessage } from 'node:util';
import type { Role } from './backend.ts';
import { StoreError } from './store-error.ts';

/** For its owner alone: the file holds who may call. */
const FILE_MODE = 0o600;
const FOLDER_MODE = 0o700;

/**
 * How long SQLite itself waits for another writer, ms. It blocks the whole loop meanwhile, so a gateway waits no
 * longer than a caller would not notice.
 */
const BUSY_MS = { gateway: 25, migrate: 5_000, tool: 5_000, look: 5_000 } as const;

export interface SqliteOptions {
  readonly role: Role;
  /** How long a start waits for a predecessor that is still draining, ms. */
  readonly waitMs?: number;
}

export interface OpenedSqlite {
  readonly db: DatabaseSync;
  close(): void;
}

/**
 * Opens the file; all but a look make it, and its folder, where they are new. WAL with synchronous=NORMAL: a killed
 * process loses nothing that was committed. Rejects with `StoreError` when another gateway has the file, or it cannot
 * be opened.
 */
export async function openSqlite(
  path: string,
  { role, waitMs = 10_000 }: SqliteOptions,
): Promise<OpenedSqlite> {
  if (isFile(path)) makeFile(path, role);
  const lock = role === 'gateway' && isFile(path) ? await lockFile(`${path}.lock`, waitMs) : null;
  try {
    const db = openDatabase(path, role);
    return {
      db,
      close: () => {
        db.close();
        lock?.close();
      },
    };
  } catch (error) {
    lock?.close();
    throw storeErrorOf(error);
  }
}

/** Whether `path` names a file rather than memory. */
export const isFile = (path: string): boolean => path !== ':memory:';

function makeFile(path: string, role: Role): void {
  if (role === 'look') {
    if (!existsSync(path)) throw new StoreError('there is no SQLite store at STORE_URL yet');
    return;
  }
  try {
    mkdirSync(dirname(path), { recursive: true, mode: FOLDER_MODE });
    // SQLite gives the files beside it the mode of the first.
    closeSync(openSync(path, 'a', FILE_MODE));
    for (const file of [path, `${path}-wal`, `${path}-shm`]) closeToOthers(file);
  } catch (error) {
    throw storeErrorOf(error);
  }
}

/** A store of an earlier version was open to all. */
function closeToOthers(file: string): void {
  const mode = statSync(file, { throwIfNoEntry: false })?.mode;
  if (mode !== undefined && (mode & 0o077) !== 0) chmodSync(file, FILE_MODE);
}

function openDatabase(path: string, role: Role): DatabaseSync {
  if (role === 'look' && isOnReadOnlyDisk(path)) return openFrozen(path);
  const db = new DatabaseSync(path);
  db.exec(`PRAGMA busy_timeout = ${BUSY_MS[role]}; PRAGMA foreign_keys = ON`);
  // A connection that could not write would leave the files beside the store behind when it is the last.
  if (role === 'look') db.exec('PRAGMA query_only = ON');
  else db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL');
  return db;
}

function isOnReadOnlyDisk(path: string): boolean {
  try {
    accessSync(dirname(path), constants.W_OK);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EROFS';
  }
}

/** Nobody can write it, and so it is read without the files that a WAL store has beside it. */
function openFrozen(path: string): DatabaseSync {
  const url = pathToFileURL(path);
  url.searchParams.set('immutable', '1');
  return new DatabaseSync(url, { readOnly: true });
}

/** SQLite's own words or the system's; never a path. */
export function storeErrorOf(error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  const { errno, errstr } = error as { errno?: number; errstr?: unknown };
  const reason = errstr ?? (errno === undefined ? 'unknown error' : getSystemErrorMessage(errno));
  return new StoreError(`the SQLite store cannot be used (${String(reason)})`);
}

/**
 * One gateway a file: each leases calls of the month in its memory and counts the second alone. The lock is an open
 * transaction on a second file, so that it ends with the process however that ends.
 */
async function lockFile(path: string, waitMs: number): Promise<DatabaseSync> {
  closeSync(openSync(path, 'a', FILE_MODE));
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
