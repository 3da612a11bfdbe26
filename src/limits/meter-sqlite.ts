import { type Account, limitsOf } from '../domain/account.ts';
import type { Cancel } from '../domain/clock.ts';
import type { SqliteBackend } from '../store/backend.ts';
import type { Migration } from '../store/migration.ts';
import { blockOf, extend, take } from './lease.ts';
import { createLeases, type Leases } from './leases.ts';
import type { Charge, KeptMeter, Spent } from './meter.ts';
import { createOwnSecond, type OwnSecond } from './own-second.ts';
import { periodOf } from './period.ts';
import { limitReading, refusal } from './reading.ts';

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
  {
    // Of `used`, what a running gateway has leased and not handed out yet.
    room: 'limits',
    version: 2,
    sql: 'ALTER TABLE usage ADD COLUMN leased INTEGER NOT NULL DEFAULT 0',
  },
];

/** How often the file hears what was handed out and given back, ms. */
const TELL_EVERY_MS = 500;

/**
 * The meter of one gateway over its file. Calls are leased in blocks: one write serves up to a hundred calls. A crash
 * can only over-count, by at most one block (0.2 % of the month), and never forgets a call; a clean stop hands the
 * rest back. What the file cannot take now is kept and written later.
 */
export function createSqliteMeter(backend: SqliteBackend): KeptMeter {
  const { clock } = backend;
  const own = createOwnSecond(clock);
  const leases = createLeases(backend);
  const returned = new WeakSet<Charge>();
  let cancel: Cancel | null = null;

  const tellLater = () => {
    cancel ??= clock.after(TELL_EVERY_MS, () => {
      cancel = null;
      if (leases.tell()) tellLater();
    });
  };

  return {
    reserve: (account) => own.reserve(account.id, limitsOf(account).callsPerSecond),
    spend: async (account, slot) => {
      const { callsPerSecond } = limitsOf(account);
      if (!own.hold(slot, callsPerSecond)) {
        const reading = readingOf(leases, own, account, clock.now());
        return refusal(reading, reading.rate.resetMs);
      }
      try {
        const spent = spendLease(leases, own, account, clock.now());
        if (spent.granted) own.grant(slot);
        else own.free(slot);
        tellLater();
        return spent;
      } catch (error) {
        own.free(slot);
        throw error;
      }
    },
    refund: (charge) => {
      if (returned.has(charge)) return;
      returned.add(charge);
      leases.giveBack(charge);
      tellLater();
    },
    read: async (account) => {
      try {
        return readingOf(leases, own, account, clock.now());
      } catch {
        return null;
      }
    },
    close: async () => {
      cancel?.();
      leases.close();
    },
  };
}

function spendLease(leases: Leases, own: OwnSecond, account: Account, atMs: number): Spent {
  const { callsPerMonth } = limitsOf(account);
  const lease = leases.open(account.id, periodOf(atMs));
  const block = blockOf(lease, callsPerMonth);
  if (block > 0) extend(lease, block, leases.count(lease, block));
  const granted = take(lease, callsPerMonth);
  const reading = readingOf(leases, own, account, atMs);
  if (!granted) return refusal(reading, 0);
  return { granted: true, charge: { accountId: account.id, period: lease.period }, reading };
}

/** A call whose place is held counts in it as it will when it is granted. */
function readingOf(leases: Leases, own: OwnSecond, account: Account, atMs: number) {
  const { callsPerSecond } = limitsOf(account);
  const { remaining, resetMs } = own.read(account.id, callsPerSecond);
  const used = leases.used(account.id, periodOf(atMs));
  return limitReading(account, callsPerSecond - remaining, resetMs, used, atMs);
}
