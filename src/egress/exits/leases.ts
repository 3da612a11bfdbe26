import type { Clock } from '../../domain/clock.ts';
import {
  type BudgetStore,
  LEASE_CALLS,
  LEASE_MS,
  type LeaseAnswer,
  type LeaseEnded,
} from './budget-store.ts';

/** A call taken from a lease. Exactly one of the two is called, once. */
export interface LeasedCall {
  /** It surely never left: the next call may use it. */
  giveBack(): void;
  /** It ended, and Bitbucket may have counted it. */
  count(): void;
}

/** The store gives no call of this exit before `growsInMs`. */
export interface LeaseRefused {
  readonly growsInMs: number;
}

interface Lease {
  readonly exitId: string;
  readonly leaseId: string;
  readonly endsAtMs: number;
  /** Calls that may yet begin. */
  unused: number;
  underWay: number;
  used: number;
  lastEndMs: number;
}

/** A lease that is over and has no call under way. */
type Over = Omit<LeaseEnded, 'agoMs'> & { readonly endedAtMs: number };

/** One step of the store, and how many calls wait for it. */
interface Asking {
  readonly answer: Promise<LeaseAnswer>;
  waiting: number;
}

/** How often leases that are over are told to the store, ms. */
const SWEEP_MS = 1_000;
/** Ended leases that are kept while the store is away; those beyond are counted from their end, as if all was used. */
const MAX_UNTOLD = 10_000;

export interface LeasesOptions {
  readonly store: BudgetStore;
  readonly clock: Clock;
  /** Of this process, new with each start. */
  readonly gatewayId: string;
  /** How many calls more the exit has by each answer of the store: those leased and those that all may lease. */
  readonly heard: (exitId: string, remaining: number, growsInMs: number) => void;
}

/**
 * The calls this gateway has reserved in the store. Taking one costs nothing while the exit's lease holds some, and
 * one step of the store else; all who wait for the same exit wait for the same step.
 */
export class Leases {
  readonly #options: LeasesOptions;
  /** The lease of each exit that calls begin from. */
  readonly #open = new Map<string, Lease>();
  /** No call begins from them any more, but some are under way. */
  readonly #closing = new Map<string, Set<Lease>>();
  /** Over, not yet told to the store; by exit. */
  readonly #untold = new Map<string, Over[]>();
  readonly #asking = new Map<string, Asking>();
  #untoldCount = 0;
  #serial = 0;
  #isSweeping = false;
  #isClosed = false;

  constructor(options: LeasesOptions) {
    this.#options = options;
  }

  /** Whether a call of this exit would need no store. */
  holds(exitId: string): boolean {
    return this.#current(exitId) !== undefined;
  }

  /** Exits whose calls would need no store. */
  held(): string[] {
    return [...this.#open.keys()].filter((exitId) => this.holds(exitId));
  }

  /** Calls of the exit that may begin without the store. */
  unused(exitId: string): number {
    return this.#current(exitId)?.unused ?? 0;
  }

  /** At once where the exit's lease holds a call. Rejects while the store is away. */
  take(exitId: string, limit: number): LeasedCall | Promise<LeasedCall | LeaseRefused> {
    const lease = this.#current(exitId);
    return lease === undefined ? this.#askAndTake(exitId, limit) : this.#takeFrom(lease);
  }

  /** Tells the store of every lease that has no call under way; unused calls are free again. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const lease of this.#open.values()) this.#retire(lease);
    await this.#tell();
  }

  #current(exitId: string): Lease | undefined {
    const lease = this.#open.get(exitId);
    if (lease === undefined) return undefined;
    return lease.unused > 0 && this.#options.clock.monotonic() < lease.endsAtMs ? lease : undefined;
  }

  async #askAndTake(exitId: string, limit: number): Promise<LeasedCall | LeaseRefused> {
    for (;;) {
      const asking = this.#asking.get(exitId) ?? this.#ask(exitId, limit);
      asking.waiting += 1;
      const { calls, growsInMs } = await asking.answer;
      const lease = this.#current(exitId);
      if (lease !== undefined) return this.#takeFrom(lease);
      if (calls === 0) return { growsInMs };
    }
  }

  #ask(exitId: string, limit: number): Asking {
    const old = this.#open.get(exitId);
    if (old !== undefined) this.#retire(old);
    const answer = this.#askStore(exitId, limit).finally(() => this.#asking.delete(exitId));
    const asking = { answer, waiting: 0 };
    this.#asking.set(exitId, asking);
    return asking;
  }

  async #askStore(exitId: string, limit: number): Promise<LeaseAnswer> {
    const { store, clock, gatewayId, heard } = this.#options;
    const sentAtMs = clock.monotonic();
    this.#serial += 1;
    const leaseId = `${gatewayId}-${this.#serial}`;
    const blank = {
      exitId,
      leaseId,
      endsAtMs: sentAtMs + LEASE_MS,
      underWay: 0,
      used: 0,
      lastEndMs: sentAtMs,
    };
    const over = this.#takeUntold(exitId);
    const ended = over.map((lease) => endedOf(lease, sentAtMs));
    const wanted = { exitId, leaseId, limit, calls: LEASE_CALLS };
    const answer = await store.lease(wanted, ended).catch((error) => {
      for (const lease of over) this.#keepUntold(lease);
      // It may have been granted, the answer lost: it is ended like one that was not used.
      this.#retire({ ...blank, unused: 0 });
      throw error;
    });
    if (answer.calls > 0) this.#open.set(exitId, { ...blank, unused: answer.calls });
    // Those who wait hold a place in the exit's budget already.
    const waiting = this.#asking.get(exitId)?.waiting ?? 0;
    const remaining = answer.calls === 0 ? 0 : answer.left + answer.calls;
    heard(exitId, remaining - waiting, answer.growsInMs);
    this.#sweepLater();
    return answer;
  }

  #takeFrom(lease: Lease): LeasedCall {
    lease.unused -= 1;
    lease.underWay += 1;
    const end = (used: number) => {
      lease.underWay -= 1;
      lease.used += used;
      lease.unused += 1 - used;
      lease.lastEndMs = this.#options.clock.monotonic();
      if (this.#open.get(lease.exitId) !== lease) this.#retire(lease);
    };
    return { giveBack: () => end(0), count: () => end(1) };
  }

  /** No call begins from it any more; told to the store once none is under way. */
  #retire(lease: Lease): void {
    const { exitId, leaseId, used, lastEndMs } = lease;
    if (this.#open.get(exitId) === lease) this.#open.delete(exitId);
    const closing = this.#closing.get(exitId) ?? new Set();
    if (lease.underWay > 0) {
      this.#closing.set(exitId, closing.add(lease));
      return;
    }
    closing.delete(lease);
    if (closing.size === 0) this.#closing.delete(exitId);
    this.#keepUntold({ exitId, leaseId, used, endedAtMs: lastEndMs });
    this.#sweepLater();
  }

  #keepUntold(lease: Over): void {
    if (this.#untoldCount >= MAX_UNTOLD) return;
    this.#untoldCount += 1;
    const known = this.#untold.get(lease.exitId);
    if (known === undefined) this.#untold.set(lease.exitId, [lease]);
    else known.push(lease);
  }

  #takeUntold(exitId: string): Over[] {
    const over = this.#untold.get(exitId) ?? [];
    this.#untold.delete(exitId);
    this.#untoldCount -= over.length;
    return over;
  }

  async #tell(): Promise<void> {
    const nowMs = this.#options.clock.monotonic();
    const over = [...this.#untold.keys()].flatMap((exitId) => this.#takeUntold(exitId));
    if (over.length === 0) return;
    await this.#options.store.end(over.map((lease) => endedOf(lease, nowMs))).catch((error) => {
      for (const lease of over) this.#keepUntold(lease);
      throw error;
    });
  }

  /** Leases that are over are told to the store while there are any; what cannot be told now is told later. */
  #sweepLater(): void {
    if (this.#isSweeping || this.#isClosed) return;
    this.#isSweeping = true;
    this.#options.clock.after(SWEEP_MS, () => this.#sweep());
  }

  #sweep(): void {
    if (this.#isClosed) return;
    const nowMs = this.#options.clock.monotonic();
    for (const lease of this.#open.values()) if (nowMs >= lease.endsAtMs) this.#retire(lease);
    this.#tell()
      .catch(() => {})
      .finally(() => {
        this.#isSweeping = false;
        if (this.#open.size > 0 || this.#untoldCount > 0) this.#sweepLater();
      });
  }
}

const endedOf = ({ endedAtMs, ...lease }: Over, nowMs: number): LeaseEnded => ({
  ...lease,
  agoMs: nowMs - endedAtMs,
});
