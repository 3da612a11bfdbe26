import type { DatabaseSync } from 'node:sqlite';
import type { SqliteBackend } from '../../store/backend.ts';
import type { Migration } from '../../store/migration.ts';
import { type BudgetStore, LEASE_MS, type LeaseEnded, type Spending } from './budget-store.ts';
import { type BookedLease, LeaseBook } from './lease-book.ts';
import { BUDGET_WINDOW_MS } from './rolling.ts';

export const exitsMigrations: readonly Migration[] = [
  {
    room: 'exits',
    version: 1,
    sql: `
      CREATE TABLE exit_calls (exit_id TEXT NOT NULL, at_ms REAL NOT NULL) STRICT;
      CREATE INDEX exit_calls_by_exit ON exit_calls (exit_id, at_ms);
      CREATE TABLE exit_rests (exit_id TEXT PRIMARY KEY, until_ms REAL NOT NULL) STRICT, WITHOUT ROWID;
    `,
  },
  {
    // Calls are counted by the lease now; one of the old kind is a lease of one.
    room: 'exits',
    version: 2,
    sql: `
      CREATE TABLE exit_leases (
        lease_id TEXT PRIMARY KEY,
        exit_id TEXT NOT NULL,
        calls INTEGER NOT NULL,
        counted_at_ms REAL NOT NULL
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX exit_leases_by_exit ON exit_leases (exit_id, counted_at_ms);
      CREATE INDEX exit_leases_by_time ON exit_leases (counted_at_ms);
      INSERT INTO exit_leases SELECT 'call-' || rowid, exit_id, 1, at_ms FROM exit_calls;
      DROP TABLE exit_calls;
    `,
  },
];

/** How many leases pass before those that are an hour old are thrown away. */
const PRUNE_EVERY = 1_000;

/**
 * Budgets in SQLite. One gateway owns the file, so that a book in its memory decides and the file is its copy,
 * written before a call is used: one transaction for each lease and all that ended with it.
 */
export function createSqliteBudgetStore(backend: SqliteBackend): BudgetStore {
  const { clock } = backend;
  // The calendar may step while the gateway runs; what is counted must not move with it.
  const epochMs = clock.now() - clock.monotonic();
  const now = () => epochMs + clock.monotonic();
  const rows = createRows(backend.db);
  const book = new LeaseBook();
  const known = new Set<string>();
  const know = (exitId: string) => {
    if (known.has(exitId)) return;
    rows.readInto(book, exitId, now());
    known.add(exitId);
  };
  const end = (ended: readonly LeaseEnded[]) => {
    const nowMs = now();
    for (const lease of ended) {
      know(lease.exitId);
      const booked = book.end(lease, nowMs);
      if (booked !== null) rows.update(booked);
    }
  };
  let leases = 0;

  return {
    load: async (exitIds) => backend.read(() => new Map(exitIds.map((id) => [id, rows.spending(id, now())]))),
    lease: async (wanted, ended) =>
      backend.write(() => {
        end(ended);
        know(wanted.exitId);
        const { lease, ...answer } = book.lease(wanted, now());
        if (lease !== null) rows.insert(lease);
        leases += 1;
        if (leases % PRUNE_EVERY === 0) rows.prune(now() - BUDGET_WINDOW_MS);
        return answer;
      }),
    end: async (ended) => backend.write(() => end(ended)),
    markSpent: async (exitId, forMs) =>
      backend.write(() => {
        know(exitId);
        rows.rest(exitId, book.markSpent(exitId, now() + forMs));
      }),
  };
}

/** The tables, by the book's words. */
function createRows(db: DatabaseSync) {
  const insert = db.prepare('INSERT INTO exit_leases VALUES (?, ?, ?, ?)');
  const update = db.prepare('UPDATE exit_leases SET calls = ?, counted_at_ms = ? WHERE lease_id = ?');
  const remove = db.prepare('DELETE FROM exit_leases WHERE lease_id = ?');
  const prune = db.prepare('DELETE FROM exit_leases WHERE counted_at_ms <= ?');
  const ofExit = db.prepare(
    'SELECT calls, counted_at_ms FROM exit_leases WHERE exit_id = ? AND counted_at_ms > ? ORDER BY counted_at_ms',
  );
  const rest = db.prepare(
    'INSERT INTO exit_rests VALUES (?, ?) ON CONFLICT DO UPDATE SET until_ms = max(until_ms, excluded.until_ms)',
  );
  const spent = db.prepare('SELECT until_ms FROM exit_rests WHERE exit_id = ?');

  /** A calendar that was set back since makes nothing last longer than it would from now on. */
  const readInto = (book: LeaseBook, exitId: string, nowMs: number) => {
    for (const row of ofExit.all(exitId, nowMs - BUDGET_WINDOW_MS)) {
      const countedAtMs = Math.min(Number(row.counted_at_ms), nowMs + LEASE_MS);
      book.restore({ exitId, calls: Number(row.calls), countedAtMs });
    }
    book.markSpent(exitId, Math.min(Number(spent.get(exitId)?.until_ms ?? 0), nowMs + BUDGET_WINDOW_MS));
  };
  return {
    readInto,
    /** As the file has it: a tool looks at the file of a running gateway. */
    spending: (exitId: string, nowMs: number): Spending => {
      const book = new LeaseBook();
      readInto(book, exitId, nowMs);
      return book.spending(exitId, nowMs);
    },
    insert: ({ exitId, leaseId, calls, countedAtMs }: BookedLease) =>
      insert.run(leaseId, exitId, calls, countedAtMs),
    update: ({ leaseId, calls, countedAtMs }: BookedLease) =>
      calls === 0 ? remove.run(leaseId) : update.run(calls, countedAtMs, leaseId),
    prune: (beforeMs: number) => prune.run(beforeMs),
    rest: (exitId: string, untilMs: number) => rest.run(exitId, untilMs),
  };
}
