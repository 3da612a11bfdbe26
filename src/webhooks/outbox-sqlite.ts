import { randomUUID } from 'node:crypto';
import type { SqliteBackend } from '../store/backend.ts';
import type { Migration } from '../store/migration.ts';
import {
  HELD_MS,
  type HeldEvent,
  KNOWN_FOR_MS,
  OUTBOX_ROOM,
  type Outbox,
  type OutboxEvent,
} from './outbox.ts';
import { LONGEST_WAIT_MS } from './retry.ts';

const migrations: readonly Migration[] = [
  {
    // A line an account: when its first event is due, what was tried for it, and who holds it.
    room: 'webhooks',
    version: 1,
    sql: `
      CREATE TABLE webhook_events (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        id TEXT NOT NULL UNIQUE,
        account TEXT NOT NULL,
        created_at_ms INTEGER NOT NULL,
        body TEXT NOT NULL
      ) STRICT;
      CREATE INDEX webhook_events_by_account ON webhook_events (account, number);
      CREATE INDEX webhook_events_by_age ON webhook_events (created_at_ms);
      CREATE TABLE webhook_lines (
        account TEXT PRIMARY KEY,
        due_at_ms INTEGER NOT NULL,
        failures INTEGER NOT NULL,
        waited_ms INTEGER NOT NULL,
        lease TEXT
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX webhook_lines_by_due ON webhook_lines (due_at_ms);
      CREATE TABLE webhook_known (
        id TEXT PRIMARY KEY,
        until_ms INTEGER NOT NULL
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX webhook_known_by_end ON webhook_known (until_ms);
      CREATE TABLE webhook_followed (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        number INTEGER NOT NULL
      ) STRICT;
    `,
  },
];

/** What lies further ahead than anything is put was written before the calendar was set back. */
const DUE = `
  SELECT line.account, line.failures, line.waited_ms, event.id, event.created_at_ms, event.body
  FROM webhook_lines line JOIN webhook_events event
    ON event.number = (SELECT min(number) FROM webhook_events WHERE account = line.account)
  WHERE line.due_at_ms <= ?1 OR line.due_at_ms > ?1 + ${LONGEST_WAIT_MS}
  ORDER BY line.due_at_ms LIMIT ?2`;
const SQL = {
  followed: 'SELECT number FROM webhook_followed',
  follow: 'INSERT INTO webhook_followed VALUES (1, ?) ON CONFLICT DO UPDATE SET number = excluded.number',
  backlog: 'SELECT count(*) AS pending, min(created_at_ms) AS oldest FROM webhook_events',
  forget: 'DELETE FROM webhook_known WHERE until_ms <= ?',
  know: 'INSERT OR IGNORE INTO webhook_known VALUES (?, ?)',
  event: 'INSERT OR IGNORE INTO webhook_events (id, account, created_at_ms, body) VALUES (?, ?, ?, ?)',
  line: 'INSERT OR IGNORE INTO webhook_lines VALUES (?, 0, 0, 0, NULL)',
  due: DUE,
  hold: 'UPDATE webhook_lines SET due_at_ms = ?, lease = ? WHERE account = ?',
  free: 'UPDATE webhook_lines SET due_at_ms = 0, failures = 0, waited_ms = 0, lease = NULL WHERE account = ? AND lease = ?',
  remove: 'DELETE FROM webhook_events WHERE id = ?',
  drop: `DELETE FROM webhook_lines WHERE account = ?1 AND NOT EXISTS
    (SELECT 1 FROM webhook_events WHERE account = ?1)`,
  putBack:
    'UPDATE webhook_lines SET due_at_ms = ?, failures = ?, waited_ms = ?, lease = NULL WHERE account = ? AND lease = ?',
  reclaim: 'UPDATE webhook_lines SET due_at_ms = 0, lease = NULL WHERE lease IS NOT NULL',
} as const;

/** The outbox in SQLite. A gateway has the file to itself, so that what its predecessor held is free at its start. */
export function createSqliteOutbox(backend: SqliteBackend): Outbox {
  const { db, clock, role, prepare, read, write } = backend;
  prepare(migrations);
  const statement = (name: keyof typeof SQL) => db.prepare(SQL[name]);
  if (role === 'gateway') write(() => statement('reclaim').run());
  const due = (limit: number) => statement('due').all(clock.now(), limit).map(heldOf);
  const followedTo = () => (statement('followed').get()?.number as number | undefined) ?? null;
  const backlog = () => statement('backlog').get() as { pending: number; oldest: number | null };

  const addAll = (events: readonly OutboxEvent[]) => {
    const nowMs = clock.now();
    statement('forget').run(nowMs);
    for (const { id, accountId, createdAtMs, body } of events) {
      if (statement('know').run(id, nowMs + KNOWN_FOR_MS).changes === 0) continue;
      statement('event').run(id, accountId, createdAtMs, body);
      statement('line').run(accountId);
    }
  };

  return {
    followedTo: async () => read(followedTo),
    add: async (events, followed) =>
      write(() => {
        if (followed !== undefined && followedTo() !== followed.was) return 'overtaken';
        if (events.length > 0 && backlog().pending + events.length > OUTBOX_ROOM) return 'full';
        addAll(events);
        if (followed !== undefined) statement('follow').run(followed.is);
        return 'added';
      }),
    hold: async (limit) => {
      // Looked at first: most of the time there is nothing, and a write would keep others waiting.
      if (read(() => due(1)).length === 0) return [];
      return write(() => {
        const held = due(limit);
        const untilMs = clock.now() + HELD_MS;
        for (const { accountId, lease } of held) statement('hold').run(untilMs, lease, accountId);
        return held;
      });
    },
    remove: async ({ id, accountId, lease }) =>
      write(() => {
        if (statement('free').run(accountId, lease).changes === 0) return;
        statement('remove').run(id);
        statement('drop').run(accountId);
      }),
    putBack: async ({ accountId, lease }, waitMs, { failures, waitedMs }) =>
      void write(() => statement('putBack').run(clock.now() + waitMs, failures, waitedMs, accountId, lease)),
    backlog: async () => {
      const { pending, oldest } = read(backlog);
      return { pending, oldestAtMs: oldest };
    },
  };
}

const heldOf = (row: Readonly<Record<string, unknown>>): HeldEvent => ({
  id: String(row.id),
  accountId: String(row.account),
  createdAtMs: Number(row.created_at_ms),
  body: String(row.body),
  tried: { failures: Number(row.failures), waitedMs: Number(row.waited_ms) },
  lease: randomUUID(),
});
