import { type Budget, count, giveBack, hold } from './budget.ts';
import type { Share } from './fair-share.ts';
import type { LeasedCall } from './lease.ts';
import type { BudgetLeases, LeaseRefused } from './leases.ts';
import type { Member } from './member.ts';
import type { AttemptEnd, Reservation } from './port.ts';

/** What calls are taken from: an exit's budget, or the ceiling over all of them. */
export interface Purse {
  readonly id: string;
  readonly budget: Budget;
  /** Whether the store counts it too. */
  readonly kept: boolean;
}

/** Why nothing was taken in the end. */
export type NotTaken =
  | { readonly by: Purse; readonly growsInMs: number }
  | { readonly by: 'store'; readonly cause: unknown };

export interface Taking {
  readonly member: Member;
  /** The member's own, and the ceiling where there is one. */
  readonly purses: readonly Purse[];
  readonly share: Share;
  readonly leases: BudgetLeases;
  /** Of `now`, ms. */
  readonly takenAtMs: number;
  readonly now: () => number;
  /** The member's calls or budget changed. */
  readonly changed: (member: Member, nowMs: number) => void;
  /** The attempt is over: what it says of the member. */
  readonly ended: (member: Member, end: AttemptEnd, takenAtMs: number) => void;
}

/** One call out of one purse: a place in the budget and, where the store counts too, a call of a lease. */
class PursedCall {
  readonly purse: Purse;
  readonly asked: LeasedCall | Promise<LeasedCall | LeaseRefused> | null;
  #leased: LeasedCall | null = null;

  constructor(purse: Purse, leases: BudgetLeases) {
    hold(purse.budget);
    this.purse = purse;
    this.asked = purse.kept ? leases.take(purse.id, purse.budget.limit) : null;
    if (!(this.asked instanceof Promise)) this.#leased = this.asked;
  }

  /** What the store said, where it was asked. */
  async heard(): Promise<NotTaken | null> {
    if (!(this.asked instanceof Promise)) return null;
    try {
      const answer = await this.asked;
      if ('growsInMs' in answer) return { by: this.purse, growsInMs: answer.growsInMs };
      this.#leased = answer;
      return null;
    } catch (cause) {
      return { by: 'store', cause };
    }
  }

  giveBack(): void {
    giveBack(this.purse.budget);
    this.#leased?.giveBack();
  }

  count(nowMs: number): void {
    count(this.purse.budget, nowMs);
    this.#leased?.count();
  }
}

/**
 * Takes all that one attempt needs, at once, before the store is asked; what the store refuses is undone as one.
 * Every part is given back or counted through the very thing that was taken, so that no name or time can differ.
 */
export async function take(taking: Taking): Promise<Reservation | NotTaken> {
  const { member, purses, share, leases, takenAtMs } = taking;
  member.inFlight += 1;
  const calls = purses.map((purse) => new PursedCall(purse, leases));
  taking.changed(member, takenAtMs);

  const finish = (counts: boolean) => {
    const nowMs = taking.now();
    for (const call of calls) {
      if (counts) call.count(nowMs);
      else call.giveBack();
    }
    if (!counts) share.giveBack();
    member.inFlight -= 1;
  };

  const answers = calls.some(({ asked }) => asked instanceof Promise)
    ? await Promise.all(calls.map((call) => call.heard()))
    : [];
  const refused = answers.find((answer) => answer !== null);
  if (refused !== undefined) {
    finish(false);
    taking.changed(member, taking.now());
    return refused;
  }
  let isSettled = false;
  return {
    exit: member,
    settle: (end) => {
      if (isSettled) return;
      isSettled = true;
      finish(end.kind === 'answered' || end.kind === 'blocked' || end.sent);
      taking.ended(member, end, takenAtMs);
    },
  };
}
