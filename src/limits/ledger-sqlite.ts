import type { DatabaseSync } from 'node:sqlite';
import { type Account, limitsOf } from '../domain/account.ts';
import type { Migration } from '../store/migration.ts';
import type { KeptLedger, Usage } from './ledger.ts';
import { periodOf } from './period.ts';

export const limitsMigrations: readonly Migration[] = [
  {
    room: 'limits',
    version: 1,
    sql: `
      CREATE TABLE usage (
        account_id TEXT NOT NULL,
        period TEXT NOT NULL,
        used INTEGER NOT NULL,
        PRIMARY KEY (account_id, period)
      ) STRICT, WITHOUT ROWID;
    `,
  },
];

/** A block of calls already counted in the file and handed out from memory. */
interface Lease {
  readonly period: string;
  /** Counted in the file, this block included. */
  counted: number;
  /** Of these, not yet handed out. */
  unused: number;
}

/**
 * The month in SQLite. Calls are leased in blocks: one write serves up to a hundred calls. A crash can only
 * over-count, by at most one block (0.2 % of the month), and never forgets a call; a clean stop hands the rest back.
 */
export function createSqliteLedger(db: DatabaseSync): KeptLedger {
  const read = db.prepare('SELECT used FROM usage WHERE account_id = ? AND period = ?');
  const add = db.prepare(
    'INSERT INTO usage VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET used = used + ?3 RETURNING used',
  );
  const leases = new Map<string, Lease>();

  const change = (accountId: string, period: string, by: number) =>
    Number(add.get(accountId, period, by)?.used);

  const handBack = (accountId: string, lease: Lease) => {
    if (lease.unused > 0) change(accountId, lease.period, -lease.unused);
    leases.delete(accountId);
  };

  /** The lease for `period`; one of another month is handed back first. */
  const leaseOf = (accountId: string, period: string): Lease => {
    const known = leases.get(accountId);
    if (known?.period === period) return known;
    if (known !== undefined) handBack(accountId, known);
    const lease = { period, counted: Number(read.get(accountId, period)?.used ?? 0), unused: 0 };
    leases.set(accountId, lease);
    return lease;
  };

  const usedOf = (lease: Lease) => lease.counted - lease.unused;

  return {
    spend: async (account, atMs) => {
      const period = periodOf(atMs);
      const quota = limitsOf(account).callsPerMonth;
      const lease = leaseOf(account.id, period);
      if (usedOf(lease) >= quota) return null;
      if (lease.unused === 0) {
        const block = Math.min(blockOf(quota), quota - lease.counted);
        lease.counted = change(account.id, period, block);
        lease.unused = block;
      }
      lease.unused -= 1;
      return { accountId: account.id, period, refunded: false };
    },
    refund: async (charge) => {
      if (charge.refunded) return;
      charge.refunded = true;
      const lease = leases.get(charge.accountId);
      if (lease?.period === charge.period) lease.unused += 1;
      else change(charge.accountId, charge.period, -1);
    },
    read: async (account, atMs) => {
      const limit = limitsOf(account).callsPerMonth;
      return { limit, remaining: Math.max(0, limit - usedIn(account, periodOf(atMs))) };
    },
    usage: async () =>
      db
        .prepare('SELECT * FROM usage ORDER BY period, account_id')
        .all()
        .map((row) => usageOf(row, leases.get(String(row.account_id)))),
    write: async (rows) => {
      for (const { accountId, period, used } of rows) change(accountId, period, used);
    },
    close: async () => {
      for (const [accountId, lease] of leases) handBack(accountId, lease);
    },
  };

  function usedIn(account: Account, period: string): number {
    const lease = leases.get(account.id);
    return lease?.period === period ? usedOf(lease) : Number(read.get(account.id, period)?.used ?? 0);
  }
}

function usageOf(row: Readonly<Record<string, unknown>>, lease: Lease | undefined): Usage {
  const period = String(row.period);
  const unused = lease?.period === period ? lease.unused : 0;
  return { accountId: String(row.account_id), period, used: Number(row.used) - unused };
}

/** 0.2 % of the month at most, a hundred calls at most. */
const blockOf = (quota: number) => Math.min(100, Math.max(1, Math.floor(quota / 500)));
