import type { SqliteBackend } from '../store/backend.ts';
import { type Lease, putBack, usedOf } from './lease.ts';
import type { Charge } from './meter.ts';

/** How many leases are written in one transaction, so that the loop is not held for long. */
const AT_ONCE = 500;
/** A lease that was not used for so long is handed back, ms. */
const IDLE_MS = 60_000;

const COUNT = `
  INSERT INTO usage VALUES (?1, ?2, ?3, ?3)
  ON CONFLICT DO UPDATE SET used = used + ?3, leased = ?3 RETURNING used`;
const TELL = 'UPDATE usage SET leased = ?3 WHERE account_id = ?1 AND period = ?2';
const HAND_BACK = 'UPDATE usage SET used = used - ?3, leased = 0 WHERE account_id = ?1 AND period = ?2';
const GIVE_BACK = 'UPDATE usage SET used = used - 1 WHERE account_id = ?1 AND period = ?2';

interface HeldLease extends Lease {
  usedAtMs: number;
}

/** The blocks of calls that a gateway has leased from its file, by account. */
export interface Leases {
  /** The lease of a month; one of another month is handed back. Throws `store_unavailable`. */
  open(accountId: string, period: string): Lease;
  /** Counts `block` calls in the file; what it says then. Throws `store_unavailable`. */
  count(lease: Lease, block: number): number;
  /** What was admitted in a month. Throws `store_unavailable`. */
  used(accountId: string, period: string): number;
  /** Takes a call back. Never throws: what goes to the file is written with the next `tell`. */
  giveBack(charge: Charge): void;
  /** Writes what changed since, a part at a time. Whether there is more. Never throws. */
  tell(): boolean;
  /** Hands everything back in one transaction. Never throws. */
  close(): void;
}

/** A gateway that died left its leases: they stay counted, so a new one begins with none. */
export function createLeases(backend: SqliteBackend): Leases {
  const { db, read, write, clock, log } = backend;
  if (backend.role === 'gateway') write(() => db.exec('UPDATE usage SET leased = 0 WHERE leased <> 0'));
  const select = db.prepare('SELECT used FROM usage WHERE account_id = ? AND period = ?');
  const count = db.prepare(COUNT);
  const tell = db.prepare(TELL);
  const handBack = db.prepare(HAND_BACK);
  const giveBack = db.prepare(GIVE_BACK);
  /** The one used longest ago first. */
  const leases = new Map<string, HeldLease>();
  const changed = new Set<HeldLease>();
  /** Of months that are over, or idle: to be handed back. */
  const ended = new Set<HeldLease>();
  /** Calls that came back to a month without a lease. */
  let owed: Charge[] = [];

  const usedInFile = (accountId: string, period: string) =>
    read(() => Number(select.get(accountId, period)?.used ?? 0));

  const end = (lease: HeldLease) => {
    leases.delete(lease.accountId);
    changed.delete(lease);
    ended.add(lease);
  };

  const touch = (lease: HeldLease) => {
    lease.usedAtMs = clock.monotonic();
    leases.delete(lease.accountId);
    leases.set(lease.accountId, lease);
    changed.add(lease);
  };

  const endIdle = () => {
    for (const lease of leases.values()) {
      if (lease.usedAtMs > clock.monotonic() - IDLE_MS) return;
      end(lease);
    }
  };

  /** All of it or nothing: what is written is forgotten only when the commit went well. */
  const writePart = (most: number) => {
    const [told, back, given] = [firstOf(changed, most), firstOf(ended, most), owed.slice(0, most)];
    write(() => {
      for (const { accountId, period, unused } of told) tell.run(accountId, period, unused);
      for (const { accountId, period, unused } of back) handBack.run(accountId, period, unused);
      for (const { accountId, period } of given) giveBack.run(accountId, period);
    });
    for (const lease of told) changed.delete(lease);
    for (const lease of back) ended.delete(lease);
    owed = owed.slice(most);
  };

  const isOwing = () => changed.size + ended.size + owed.length > 0;

  return {
    open: (accountId, period) => {
      backend.assertInPlace();
      const known = leases.get(accountId);
      if (known !== undefined && known.period !== period) end(known);
      const lease =
        known?.period === period
          ? known
          : { accountId, period, counted: usedInFile(accountId, period), unused: 0, usedAtMs: 0 };
      touch(lease);
      return lease;
    },
    count: ({ accountId, period }, block) =>
      write(() => Number(count.all(accountId, period, block)[0]?.used)),
    used: (accountId, period) => {
      const lease = leases.get(accountId);
      return lease?.period === period ? usedOf(lease) : usedInFile(accountId, period);
    },
    giveBack: (charge) => {
      const lease = leases.get(charge.accountId);
      if (lease === undefined || lease.period !== charge.period) return void owed.push(charge);
      putBack(lease);
      touch(lease);
    },
    tell: () => {
      endIdle();
      try {
        if (isOwing()) writePart(AT_ONCE);
      } catch {
        return true;
      }
      return isOwing() || leases.size > 0;
    },
    close: () => {
      for (const lease of [...leases.values()]) end(lease);
      try {
        if (isOwing()) writePart(Number.POSITIVE_INFINITY);
      } catch (error) {
        log.error({ cause: String(error) }, 'leased calls could not be handed back: they stay counted');
      }
    },
  };
}

function firstOf<Value>(values: ReadonlySet<Value>, most: number): readonly Value[] {
  const first: Value[] = [];
  for (const value of values) {
    if (first.length >= most) break;
    first.push(value);
  }
  return first;
}
