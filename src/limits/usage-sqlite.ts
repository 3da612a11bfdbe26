import type { SqliteBackend } from '../store/backend.ts';
import type { UsageRecords } from './usage.ts';

/** What is leased and not handed out is not used yet. */
export function createSqliteUsage({ db, read, write }: SqliteBackend): UsageRecords {
  const list = 'SELECT account_id, period, used - leased AS used FROM usage ORDER BY period, account_id';
  const add =
    'INSERT INTO usage VALUES (?1, ?2, ?3, 0) ON CONFLICT DO UPDATE SET used = used + excluded.used';
  return {
    list: async () =>
      read(() => db.prepare(list).all()).map((row) => ({
        accountId: String(row.account_id),
        period: String(row.period),
        used: Number(row.used),
      })),
    add: async (rows) => {
      write(() => {
        const statement = db.prepare(add);
        for (const { accountId, period, used } of rows) statement.run(accountId, period, used);
      });
    },
  };
}
