import { growsInMs, restOf } from './budget.ts';
import { Heap } from './heap.ts';
import type { Member } from './member.ts';

/** Those in use are looked at no sooner than this after the last look, ms. */
const LOOK_MS = 1_000;

/**
 * When each exit is to be looked at next: the moment at which time alone changes something about it. Nobody walks over
 * all exits to find out. Times are ms of the pool's clock.
 */
export class Wakes {
  /** With moments that no longer hold: `Member.wakesAtMs` has the one that does. */
  readonly #heap = new Heap<Member>();

  /** At `atMs` and never else; with Infinity not at all. */
  set(member: Member, atMs: number): void {
    if (atMs === member.wakesAtMs) return;
    member.wakesAtMs = atMs;
    if (atMs < Number.POSITIVE_INFINITY) this.#heap.push(atMs, member);
  }

  /** The earliest moment; Infinity when nothing will happen by itself. */
  nextMs(): number {
    for (let first = this.#heap.first(); first; first = this.#heap.first()) {
      if (first.thing.wakesAtMs === first.atMs) return first.atMs;
      this.#heap.pop();
    }
    return Number.POSITIVE_INFINITY;
  }

  /** Takes out one whose moment has come; undefined: there is none. */
  take(nowMs: number): Member | undefined {
    if (this.nextMs() > nowMs) return undefined;
    const member = this.#heap.first()?.thing;
    if (member === undefined) return undefined;
    this.#heap.pop();
    member.wakesAtMs = Number.POSITIVE_INFINITY;
    return member;
  }
}

/** One in use is looked at when it has more left or its session ends, but not all the time. */
export function usableWakeMs(member: Member, nowMs: number): number {
  const moreAtMs = nowMs + Math.max(LOOK_MS, growsInMs(member.budget, nowMs));
  const atMs = Math.min(moreAtMs, member.endsAtMs);
  return member.wakesAtMs > nowMs ? Math.min(member.wakesAtMs, atMs) : atMs;
}

/** One out of use is looked at exactly when it may be used again, by what is known now. */
export function restingWakeMs(member: Member, restUntilMs: number | null, nowMs: number): number {
  // No moment of this clock ends its month.
  if (member.isStopped) return Number.POSITIVE_INFINITY;
  const { state, probeAtMs } = member.health;
  // A probe is under way once its moment has passed.
  const healthyAtMs = state === 'healthy' ? nowMs : probeAtMs > nowMs ? probeAtMs : nowMs + LOOK_MS;
  const budgetAtMs = nowMs + restOf(member.budget, nowMs);
  return Math.min(member.endsAtMs, Math.max(healthyAtMs, budgetAtMs, restUntilMs ?? nowMs, nowMs + 1));
}
