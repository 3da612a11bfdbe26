import type { Clock } from '../../domain/clock.ts';
import { type BudgetStore, type LeaseAnswer, leaseCallsOf } from './budget-store.ts';
import { BudgetLease, type LeasedCall } from './lease.ts';
import { endedOf, Untold } from './untold.ts';

/** The store gives no call of this exit before `growsInMs`. */
export interface LeaseRefused {
  readonly growsInMs: number;
}

/** One step of the store, and how many calls wait for it. */
interface Asking {
  readonly answer: Promise<LeaseAnswer>;
  waiting: number;
}

/** How often leases that are over are told to the store, ms. */
const SWEEP_MS = 1_000;

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
export class BudgetLeases {
  readonly #options: LeasesOptions;
  /** The lease of each exit that calls begin from. What is neither here nor untold has calls under way. */
  readonly #open = new Map<string, BudgetLease>();
  readonly #untold = new Untold();
  readonly #asking = new Map<string, Asking>();
  #serial = 0;
  #isSweeping = false;
  #isClosed = false;

  constructor(options: LeasesOptions) {
    this.#options = options;
  }

  /** Whether a call of this exit would need no store. */
  holds(exitId: string): boolean {
    return this.unused(exitId) > 0;
  }

  /** Exits whose calls would need no store. */
  held(): string[] {
    return [...this.#open.keys()].filter((exitId) => this.holds(exitId));
  }

  /** Calls of the exit that may begin without the store. */
  unused(exitId: string): number {
    return this.#open.get(exitId)?.unused(this.#now()) ?? 0;
  }

  /** At once where the exit's lease holds a call. Rejects while the store is away. */
  take(exitId: string, limit: number): LeasedCall | Promise<LeasedCall | LeaseRefused> {
    return this.#takeHeld(exitId) ?? this.#askAndTake(exitId, limit);
  }

  /** Tells the store of every lease that has no call under way; unused calls are free again. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const lease of this.#open.values()) this.#retire(lease);
    await this.#tell();
  }

  #now(): number {
    return this.#options.clock.monotonic();
  }

  #takeHeld(exitId: string): LeasedCall | undefined {
    const lease = this.#open.get(exitId);
    if (lease === undefined || lease.unused(this.#now()) === 0) return undefined;
    return lease.take(
      () => this.#now(),
      () => {
        if (this.#open.get(exitId) !== lease) this.#end(lease);
      },
    );
  }

  async #askAndTake(exitId: string, limit: number): Promise<LeasedCall | LeaseRefused> {
    for (;;) {
      const asking = this.#asking.get(exitId) ?? this.#ask(exitId, limit);
      asking.waiting += 1;
      const { calls, growsInMs } = await asking.answer;
      const call = this.#takeHeld(exitId);
      if (call !== undefined) return call;
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
    const { store, gatewayId, heard } = this.#options;
    const askedAtMs = this.#now();
    this.#serial += 1;
    const leaseId = `${gatewayId}-${this.#serial}`;
    const over = this.#untold.takeOf(exitId);
    const wanted = { exitId, leaseId, limit, calls: leaseCallsOf(limit) };
    const ended = over.map((lease) => endedOf(lease, askedAtMs));
    const answer = await store.lease(wanted, ended).catch((error) => {
      // It may have been granted, the answer lost: it is ended like one that was not used.
      this.#untold.keep([...over, new BudgetLease(exitId, leaseId, 0, askedAtMs).over]);
      this.#sweepLater();
      throw error;
    });
    if (answer.calls > 0) this.#open.set(exitId, new BudgetLease(exitId, leaseId, answer.calls, askedAtMs));
    // Those who wait hold a place in the exit's budget already.
    const waiting = this.#asking.get(exitId)?.waiting ?? 0;
    const remaining = answer.calls === 0 ? 0 : answer.left + answer.calls;
    heard(exitId, remaining - waiting, answer.growsInMs);
    this.#sweepLater();
    return answer;
  }

  /** No call begins from it any more. */
  #retire(lease: BudgetLease): void {
    this.#open.delete(lease.exitId);
    this.#end(lease);
  }

  /** Told to the store once no call of it is under way. */
  #end(lease: BudgetLease): void {
    if (lease.isUnderWay) return;
    this.#untold.keep([lease.over]);
    this.#sweepLater();
  }

  async #tell(): Promise<void> {
    const nowMs = this.#now();
    const over = this.#untold.takeAll();
    if (over.length === 0) return;
    await this.#options.store.end(over.map((lease) => endedOf(lease, nowMs))).catch((error) => {
      this.#untold.keep(over);
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
    const nowMs = this.#now();
    for (const lease of this.#open.values()) if (lease.isOver(nowMs)) this.#retire(lease);
    this.#tell()
      .catch(() => {})
      .finally(() => {
        this.#isSweeping = false;
        if (this.#open.size > 0 || this.#untold.size > 0) this.#sweepLater();
      });
  }
}
