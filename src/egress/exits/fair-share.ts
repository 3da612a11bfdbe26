import type { Payer } from './port.ts';
import { BUDGET_WINDOW_MS } from './rolling.ts';

/** Below this part of the hour's calls, exits are scarce. */
const SCARCE = 0.2;
const MINUTE_MS = 60_000;
const MINUTES = BUDGET_WINDOW_MS / MINUTE_MS;

export const isScarce = (left: number, whole: number): boolean => left < whole * SCARCE;

/** A place in an account's share; given back when its call never left. */
export interface Share {
  giveBack(): void;
}

interface Use {
  weight: number;
  calls: number;
  /** Calls by the minute in which they were taken, oldest first. */
  readonly minutes: Map<number, number>;
}

/**
 * Divides the hour's calls between the accounts that called in it, by weight, once they are scarce. Keeps one number
 * a minute and account, forgotten an hour later, whoever calls.
 */
export class FairShare {
  readonly #uses = new Map<string, Use>();
  /** Who called in which minute, oldest first. */
  readonly #callers = new Map<number, Set<string>>();
  #weights = 0;

  /** A place in `payer`'s share of `whole`, of which `left` are left; or how long until it has one, ms. */
  take(payer: Payer, left: number, whole: number, nowMs: number): Share | { readonly restMs: number } {
    const minute = Math.floor(nowMs / MINUTE_MS);
    this.#forget(minute);
    const use = this.#uses.get(payer.accountId);
    if (isScarce(left, whole) && use !== undefined) {
      const others = this.#weights - use.weight;
      const share = (whole * payer.weight) / (others + payer.weight);
      if (use.calls >= share) return { restMs: restOf(use, share, nowMs) };
    }
    this.#note(payer, minute);
    let given = false;
    return {
      giveBack: () => {
        if (!given) this.#takeOff(payer.accountId, minute, 1);
        given = true;
      },
    };
  }

  #note({ accountId, weight }: Payer, minute: number): void {
    const use = this.#uses.get(accountId) ?? { weight: 0, calls: 0, minutes: new Map<number, number>() };
    this.#uses.set(accountId, use);
    this.#weights += weight - use.weight;
    use.weight = weight;
    use.calls += 1;
    use.minutes.set(minute, (use.minutes.get(minute) ?? 0) + 1);
    const callers = this.#callers.get(minute) ?? new Set();
    this.#callers.set(minute, callers.add(accountId));
  }

  /** Minutes that ended an hour ago. */
  #forget(minute: number): void {
    for (const [old, callers] of this.#callers) {
      if (old >= minute - MINUTES) return;
      for (const accountId of callers) this.#takeOff(accountId, old, Number.POSITIVE_INFINITY);
      this.#callers.delete(old);
    }
  }

  /** `calls` of one minute, as far as they are still kept; an account without any is forgotten. */
  #takeOff(accountId: string, minute: number, calls: number): void {
    const use = this.#uses.get(accountId);
    const kept = use?.minutes.get(minute);
    if (use === undefined || kept === undefined) return;
    use.calls -= Math.min(kept, calls);
    if (kept > calls) use.minutes.set(minute, kept - calls);
    else use.minutes.delete(minute);
    if (use.minutes.size > 0) return;
    this.#uses.delete(accountId);
    this.#weights -= use.weight;
  }
}

/** When so many of the account's calls are forgotten that it is below `share` again, ms from now. */
function restOf(use: Use, share: number, nowMs: number): number {
  let calls = use.calls;
  for (const [minute, taken] of use.minutes) {
    calls -= taken;
    if (calls < share) return (minute + MINUTES + 1) * MINUTE_MS - nowMs;
  }
  return BUDGET_WINDOW_MS;
}
