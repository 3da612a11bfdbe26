import type { UsageRow } from '../domain/usage.ts';
import { monthOf } from '../domain/usage-summary.ts';
import type { SqliteBackend } from '../store/backend.ts';
import type { Migration } from '../store/migration.ts';
import { KEPT_MONTHS, type UsageBatch, type UsageStore } from './usage-store.ts';

const migrations: readonly Migration[] = [
  {
    room: 'usage',
    version: 1,
    sql: `
      CREATE TABLE usage_days (
        account TEXT NOT NULL,
        day TEXT NOT NULL,
        endpoint TEXT NOT NULL,
        code TEXT NOT NULL,
        calls INTEGER NOT NULL,
        charged INTEGER NOT NULL,
        bytes_out INTEGER NOT NULL,
        bytes_exit INTEGER NOT NULL,
        PRIMARY KEY (account, day, endpoint, code)
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX usage_by_day ON usage_days (day);
    `,
  },
];

const ADD = `
  INSERT INTO usage_days VALUES (?, ?, ?, ?, ?, ?, ?, ?)
  ON CONFLICT DO UPDATE SET calls = calls + excluded.calls, charged = charged + excluded.charged,
    bytes_out = bytes_out + excluded.bytes_out, bytes_exit = bytes_exit + excluded.bytes_exit`;

/** What was used, in SQLite: a batch in one transaction, so that one refused was not added. */
export function createSqliteUsageStore(backend: SqliteBackend): UsageStore {
  const { db, clock, prepare, read, write } = backend;
  prepare(migrations);
  const add = db.prepare(ADD);
  const select = db.prepare(
    'SELECT * FROM usage_days WHERE account = ? AND day BETWEEN ? AND ? ORDER BY day, endpoint, code',
  );
  const forget = db.prepare('DELETE FROM usage_days WHERE day < ?');
  let oldestMonth = '';

  const forgetOld = () => {
    const month = monthOf(clock.now(), KEPT_MONTHS - 1);
    if (month === oldestMonth) return;
    forget.run(`${month}-00`);
    oldestMonth = month;
  };

  return {
    add: async ({ account, rows }: UsageBatch) =>
      write(() => {
        forgetOld();
        for (const row of rows)
          add.run(
            ...([account, row.day, row.endpoint, row.code] as const),
            ...([row.calls, row.charged, row.bytesOut, row.bytesExit] as const),
          );
      }),
    read: async (account, month) =>
      read(() =>
        month < monthOf(clock.now(), KEPT_MONTHS - 1)
          ? []
          : select.all(account, `${month}-00`, `${month}-99`).map(rowOf),
      ),
  };
}

const rowOf = (row: Readonly<Record<string, unknown>>): UsageRow => ({
  day: String(row.day),
  endpoint: String(row.endpoint),
  code: String(row.code),
  calls: Number(row.calls),
  charged: Number(row.charged),
  bytesOut: Number(row.bytes_out),
  bytesExit: Number(row.bytes_exit),
});
