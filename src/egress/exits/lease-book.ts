import {
  LEASE_MS,
  type LeaseAnswer,
  type LeaseEnded,
  type LeaseWanted,
  leaseSize,
  type Spending,
} from './budget-store.ts';
import { BUDGET_WINDOW_MS, Rolling } from './rolling.ts';

/** A lease as it is counted. */
export interface BookedLease {
  readonly exitId: string;
  readonly leaseId: string;
  readonly calls: number;
  /** The moment from which its calls are counted. */
  readonly countedAtMs: number;
}

/** The rules of a `BudgetStore` for one process, kept in memory. Times are ms of one clock that never goes back. */
export class LeaseBook {
  readonly #counted = new Map<string, Rolling>();
  readonly #open = new Map<string, BookedLease>();
  readonly #spentUntilMs = new Map<string, number>();

  /** What was counted before, by an earlier process. */
  restore({ exitId, calls, countedAtMs }: Omit<BookedLease, 'leaseId'>): void {
    this.#rolling(exitId).add(countedAtMs, calls);
  }

  spending(exitId: string, nowMs: number): Spending {
    const counted = this.#rolling(exitId);
    const oldestMs = counted.oldestMs(nowMs);
    return {
      calls: counted.total(nowMs),
      growsInMs: oldestMs === undefined ? 0 : oldestMs + BUDGET_WINDOW_MS - nowMs,
      restMs: Math.max(0, (this.#spentUntilMs.get(exitId) ?? nowMs) - nowMs),
    };
  }

  lease(
    { exitId, leaseId, limit, calls }: LeaseWanted,
    nowMs: number,
  ): LeaseAnswer & { lease: BookedLease | null } {
    const { calls: used, growsInMs, restMs } = this.spending(exitId, nowMs);
    const left = Math.max(0, limit - used);
    const granted = restMs > 0 ? 0 : leaseSize(calls, left);
    if (granted === 0)
      return { calls: 0, left, growsInMs: Math.max(restMs, left > 0 ? 0 : growsInMs), lease: null };
    const lease = { exitId, leaseId, calls: granted, countedAtMs: nowMs + LEASE_MS };
    this.#rolling(exitId).add(lease.countedAtMs, granted);
    this.#open.set(leaseId, lease);
    return {
      calls: granted,
      left: left - granted,
      growsInMs: growsInMs || BUDGET_WINDOW_MS + LEASE_MS,
      lease,
    };
  }

  /** The lease as it is counted from now on; null when it is not open. */
  end({ leaseId, used, agoMs }: LeaseEnded, nowMs: number): BookedLease | null {
    const lease = this.#open.get(leaseId);
    if (lease === undefined) return null;
    this.#open.delete(leaseId);
    const ended = { ...lease, calls: Math.min(used, lease.calls), countedAtMs: nowMs - agoMs };
    const counted = this.#rolling(lease.exitId);
    counted.remove(lease.countedAtMs, lease.calls);
    if (ended.calls > 0) counted.add(ended.countedAtMs, ended.calls);
    return ended;
  }

  /** Until when the exit is spent now. */
  markSpent(exitId: string, untilMs: number): number {
    const latestMs = Math.max(this.#spentUntilMs.get(exitId) ?? untilMs, untilMs);
    this.#spentUntilMs.set(exitId, latestMs);
    return latestMs;
  }

  #rolling(exitId: string): Rolling {
    const known = this.#counted.get(exitId);
    if (known !== undefined) return known;
    const created = new Rolling();
    this.#counted.set(exitId, created);
    return created;
  }
}
