import type { DatabaseSync } from 'node:sqlite';
import type { Migration } from '../store/migration.ts';
import { BUDGET_WINDOW_MS, type BudgetStore, type ExitSpending } from './budget-store.ts';

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
];

/** How many takes pass before calls that are an hour old are thrown away. */
const PRUNE_EVERY = 1_000;

/**
 * The spending of the last hour in SQLite, so that a restart goes on where it stopped. One gateway owns the file, so
 * its own count decides and this is its copy: `take` never refuses. Each is one insert of some 20 µs, at most once
 * per upstream call, which costs a hundred times that.
 */
export function createSqliteBudgetStore(db: DatabaseSync): BudgetStore {
  const insert = db.prepare('INSERT INTO exit_calls VALUES (?, ?)');
  const remove = db.prepare(
    'DELETE FROM exit_calls WHERE rowid = (SELECT rowid FROM exit_calls WHERE exit_id = ? AND at_ms = ? LIMIT 1)',
  );
  const rest = db.prepare(
    'INSERT INTO exit_rests VALUES (?, ?) ON CONFLICT DO UPDATE SET until_ms = max(until_ms, excluded.until_ms)',
  );
  const prune = db.prepare('DELETE FROM exit_calls WHERE at_ms <= ?');
  const times = db.prepare('SELECT at_ms FROM exit_calls WHERE exit_id = ? AND at_ms > ? ORDER BY at_ms');
  const spent = db.prepare('SELECT until_ms FROM exit_rests WHERE exit_id = ?');
  let takes = 0;

  return {
    shared: false,
    load: async (exitIds, sinceMs) => {
      const found = new Map<string, ExitSpending>();
      for (const id of exitIds) {
        const rows = times.all(id, sinceMs);
        const untilMs = spent.get(id)?.until_ms;
        if (rows.length === 0 && untilMs === undefined) continue;
        found.set(id, {
          times: rows.map((row) => Number(row.at_ms)),
          spentUntilMs: untilMs === undefined ? null : Number(untilMs),
        });
      }
      return found;
    },
    take: async (exitId, atMs) => {
      insert.run(exitId, atMs);
      takes += 1;
      if (takes % PRUNE_EVERY === 0) prune.run(atMs - BUDGET_WINDOW_MS);
      return true;
    },
    giveBack: async (exitId, atMs) => {
      remove.run(exitId, atMs);
    },
    markSpent: async (exitId, untilMs) => {
      rest.run(exitId, untilMs);
    },
    close: async () => {},
  };
}
