import type { SqliteBackend } from '../store/backend.ts';
import type { Migration } from '../store/migration.ts';
import { type CallStore, type CallStoreOptions, DAY_MS } from './call-store.ts';

const migrations: readonly Migration[] = [
  {
    room: 'calls',
    version: 1,
    sql: `
      CREATE TABLE calls (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        request_id TEXT NOT NULL,
        received_at_ms INTEGER NOT NULL,
        story TEXT NOT NULL
      ) STRICT;
      CREATE INDEX calls_by_request ON calls (request_id);
      CREATE INDEX calls_by_time ON calls (received_at_ms);
    `,
  },
  {
    // Calls are numbered as they come, so that the oldest are found without it; the names of new ones grow with time.
    room: 'calls',
    version: 2,
    sql: 'DROP INDEX calls_by_time;',
  },
];

/** The ring of calls in SQLite: numbered as they come, the lowest numbers and the oldest go. */
export function createSqliteCallStore(backend: SqliteBackend, options: CallStoreOptions): CallStore {
  const { db, clock, prepare, read, write } = backend;
  const { keptDays, maxCalls } = options;
  prepare(migrations);
  const insert = db.prepare('INSERT INTO calls (request_id, received_at_ms, story) VALUES (?, ?, ?)');
  const select = db.prepare(
    'SELECT story FROM calls WHERE request_id = ? AND received_at_ms > ? ORDER BY number DESC LIMIT 1',
  );
  const forgetSurplus = db.prepare('DELETE FROM calls WHERE number <= (SELECT max(number) FROM calls) - ?');
  const forgetOld = db.prepare(`
    DELETE FROM calls WHERE number < (SELECT number FROM calls WHERE received_at_ms > ? ORDER BY number LIMIT 1)`);
  const oldestMs = () => clock.now() - keptDays * DAY_MS;
  return {
    add: async (calls) =>
      write(() => {
        for (const { requestId, receivedAtMs, text } of calls) insert.run(requestId, receivedAtMs, text);
        forgetSurplus.run(maxCalls);
        forgetOld.run(oldestMs());
      }),
    find: async (requestId) =>
      read(() => (select.get(requestId, oldestMs())?.story as string | undefined) ?? null),
  };
}
