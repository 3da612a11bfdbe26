import type { SqliteBackend } from '../store/backend.ts';
import { dropSurplus, type Lease, putBack, surplusOf, usedOf } from './lease.ts';
import type { Charge } from './meter.ts';

/** How many leases are written in one transaction, so that the loop is not held for long. */
const AT_ONCE = 500;
/** A lease that was not used for so long is handed back, ms. */
const IDLE_MS = 60_000;
/** A lease in use is brought to the end of their row as often, ms. */
const MOVED_EVERY_MS = 1_000;

const COUNT = `
  INSERT INTO usage VALUES (?1, ?2, ?3, ?3)
  ON CONFLICT DO UPDATE SET used = used + ?3, leased = ?3 RETURNING used`;
const TELL = 'UPDATE usage SET used = used - ?4, leased = ?3 WHERE account_id = ?1 AND period = ?2';
const HAND_BACK = 'UPDATE usage SET used = used - ?3, leased = 0 WHERE account_id = ?1 AND period = ?2';
const GIVE_BACK = 'UPDATE usage SET used = used - 1 WHERE account_id = ?1 AND period = ?2';

interface HeldLease extends Lease {
  /** To a second. */
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

export function createLeases(backend: SqliteBackend): Leases {
  return new FileLeases(backend);
}

class FileLeases implements Leases {
  readonly #backend: SqliteBackend;
  readonly #file: ReturnType<typeof statementsOf>;
  /** By account, the one used longest ago first. */
  readonly #leases = new Map<string, HeldLease>();
  readonly #changed = new Set<HeldLease>();
  /** Of months that are over, or idle: to be handed back. */
  readonly #ended = new Map<string, HeldLease>();
  /** Calls that came back to a month without a lease. */
  #owed: Charge[] = [];

  /** A gateway that died left its leases: they stay counted, so a new one begins with none. */
  constructor(backend: SqliteBackend) {
    this.#backend = backend;
    const { db, role, write } = backend;
    if (role === 'gateway') write(() => db.exec('UPDATE usage SET leased = 0 WHERE leased <> 0'));
    this.#file = statementsOf(backend);
  }

  open(accountId: string, period: string): Lease {
    this.#backend.assertInPlace();
    const other = this.#leases.get(accountId);
    if (other !== undefined && other.period !== period) this.#end(other);
    const lease = this.#held(accountId, period) ?? {
      accountId,
      period,
      counted: this.#usedInFile(accountId, period),
      unused: 0,
      block: 0,
      usedAtMs: 0,
    };
    this.#touch(lease);
    return lease;
  }

  count({ accountId, period }: Lease, block: number): number {
    const rows = this.#backend.write(() => this.#file.count.all(accountId, period, block));
    return Number(rows[0]?.used);
  }

  used(accountId: string, period: string): number {
    const lease = this.#held(accountId, period);
    return lease === undefined ? this.#usedInFile(accountId, period) : usedOf(lease);
  }

  giveBack(charge: Charge): void {
    const lease = this.#held(charge.accountId, charge.period);
    if (lease === undefined) this.#owed.push(charge);
    else {
      putBack(lease);
      if (!this.#ended.has(nameOf(lease))) this.#touch(lease);
    }
  }

  tell(): boolean {
    this.#endIdle();
    try {
      if (this.#isOwing()) this.#writePart(AT_ONCE);
    } catch {
      return true;
    }
    return this.#isOwing() || this.#leases.size > 0;
  }

  close(): void {
    for (const lease of [...this.#leases.values()]) this.#end(lease);
    try {
      if (this.#isOwing()) this.#writePart(Number.POSITIVE_INFINITY);
    } catch (error) {
      this.#backend.log.error(
        { cause: String(error) },
        'leased calls could not be handed back: they stay counted',
      );
    }
  }

  /** One that is about to be handed back is as good as any. */
  #held(accountId: string, period: string): HeldLease | undefined {
    const lease = this.#leases.get(accountId);
    return lease?.period === period ? lease : this.#ended.get(nameOf({ accountId, period }));
  }

  #usedInFile(accountId: string, period: string): number {
    return this.#backend.read(() => Number(this.#file.used.get(accountId, period)?.used ?? 0));
  }

  #touch(lease: HeldLease): void {
    this.#changed.add(lease);
    const nowMs = this.#backend.clock.monotonic();
    const isHeld = this.#leases.get(lease.accountId) === lease;
    // To the second is enough; each move makes the map anew.
    if (isHeld && nowMs - lease.usedAtMs < MOVED_EVERY_MS) return;
    lease.usedAtMs = nowMs;
    if (!isHeld) this.#ended.delete(nameOf(lease));
    this.#leases.delete(lease.accountId);
    this.#leases.set(lease.accountId, lease);
  }

  #end(lease: HeldLease): void {
    this.#leases.delete(lease.accountId);
    this.#changed.delete(lease);
    this.#ended.set(nameOf(lease), lease);
  }

  #endIdle(): void {
    const sinceMs = this.#backend.clock.monotonic() - IDLE_MS;
    for (const lease of this.#leases.values()) {
      if (lease.usedAtMs > sinceMs) return;
      this.#end(lease);
    }
  }

  #isOwing(): boolean {
    return this.#changed.size + this.#ended.size + this.#owed.length > 0;
  }

  /** All of it or nothing: what is written is forgotten only when the commit went well. */
  #writePart(most: number): void {
    const told = firstOf(this.#changed, most);
    const ended = firstOf(this.#ended.values(), most);
    const given = this.#owed.slice(0, most);
    const { tell, handBack, giveBack } = this.#file;
    this.#backend.write(() => {
      for (const lease of told) {
        const surplus = surplusOf(lease);
        tell.run(lease.accountId, lease.period, lease.unused - surplus, surplus);
      }
      for (const { accountId, period, unused } of ended) handBack.run(accountId, period, unused);
      for (const { accountId, period } of given) giveBack.run(accountId, period);
    });
    for (const lease of told) {
      dropSurplus(lease, surplusOf(lease));
      this.#changed.delete(lease);
    }
    for (const lease of ended) this.#ended.delete(nameOf(lease));
    this.#owed = this.#owed.slice(most);
  }
}

const nameOf = ({ accountId, period }: Charge) => `${accountId} ${period}`;

const statementsOf = ({ db }: SqliteBackend) => ({
  used: db.prepare('SELECT used FROM usage WHERE account_id = ? AND period = ?'),
  count: db.prepare(COUNT),
  tell: db.prepare(TELL),
  handBack: db.prepare(HAND_BACK),
  giveBack: db.prepare(GIVE_BACK),
});

function firstOf<Value>(values: Iterable<Value>, most: number): readonly Value[] {
  const first: Value[] = [];
  for (const value of values) {
    if (first.length >= most) break;
    first.push(value);
  }
  return first;
}
