import { LEASE_MS } from './budget-store.ts';

/** A call taken from a lease. Exactly one of the two is called, once. */
export interface LeasedCall {
  /** It surely never left: the next call may use it. */
  giveBack(): void;
  /** It ended, and Bitbucket may have counted it. */
  count(): void;
}

/** A lease that is over and has no call under way. Times are ms of the pool's clock. */
export interface LeaseOver {
  readonly exitId: string;
  readonly leaseId: string;
  /** Calls of it that Bitbucket may have counted. */
  readonly used: number;
  /** From when on they are counted. */
  readonly endedAtMs: number;
}

/** Calls of one exit that the store has reserved for this gateway. Each of them is unused, under way, or used. */
export class BudgetLease {
  readonly exitId: string;
  readonly leaseId: string;
  readonly #endsAtMs: number;
  #unused: number;
  #underWay = 0;
  #used = 0;
  #lastEndMs: number;

  /** Asked for at `askedAtMs`: the store counts it for a little longer than it is used here. */
  constructor(exitId: string, leaseId: string, calls: number, askedAtMs: number) {
    this.exitId = exitId;
    this.leaseId = leaseId;
    this.#unused = calls;
    this.#endsAtMs = askedAtMs + LEASE_MS;
    this.#lastEndMs = askedAtMs;
  }

  /** Calls that may yet begin; none once its time is over. */
  unused(nowMs: number): number {
    return this.isOver(nowMs) ? 0 : this.#unused;
  }

  isOver(nowMs: number): boolean {
    return nowMs >= this.#endsAtMs;
  }

  get isUnderWay(): boolean {
    return this.#underWay > 0;
  }

  /** One call of it begins. `ended` is told once it has ended, given back or counted. */
  take(now: () => number, ended: () => void): LeasedCall {
    this.#unused -= 1;
    this.#underWay += 1;
    const end = (used: number) => {
      this.#underWay -= 1;
      this.#used += used;
      this.#unused += 1 - used;
      this.#lastEndMs = now();
      ended();
    };
    return { giveBack: () => end(0), count: () => end(1) };
  }

  /** As it is told to the store, once no call of it is under way. */
  get over(): LeaseOver {
    const { exitId, leaseId } = this;
    return { exitId, leaseId, used: this.#used, endedAtMs: this.#lastEndMs };
  }
}
