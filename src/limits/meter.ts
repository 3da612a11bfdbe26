import type { Account } from '../domain/account.ts';

/** Both limits of an account as they stand. */
export interface LimitReading {
  readonly rate: {
    /** Calls in any sliding 1,000 ms. */
    readonly limit: number;
    /** Calls that would be admitted now, never below 0. */
    readonly remaining: number;
    /** Until all of `limit` is free again, ms; 0 when it is. */
    readonly resetMs: number;
  };
  readonly quota: {
    /** Calls in the month. */
    readonly limit: number;
    /** Calls left, never below 0. */
    readonly remaining: number;
  };
  /** The moment of which it is true, epoch ms: by the shared store's clock where there is one. */
  readonly atMs: number;
}

/** A place in this gateway's own second, held from `reserve` to the fleet's verdict. Nothing for the way to read. */
export interface Slot {
  readonly accountId: string;
}

/** A place, or how long until one is free, ms. */
export type Reserved =
  | { readonly admitted: true; readonly slot: Slot }
  | { readonly admitted: false; readonly waitMs: number };

/** One counted call of the month. */
export interface Charge {
  readonly accountId: string;
  /** The month it was counted in, `'2026-06'`. */
  readonly period: string;
}

export type Spent =
  /** `reading` is of the moment of admission, this call counted. */
  | { readonly granted: true; readonly charge: Charge; readonly reading: LimitReading }
  /** `waitMs`: until a call could be granted, by what is known now. */
  | {
      readonly granted: false;
      readonly by: 'rate' | 'quota';
      readonly waitMs: number;
      readonly reading: LimitReading;
    };

/** Who may call how often: the second and the month of an account. */
export interface Meter {
  /**
   * Takes a place in this gateway's own second: never more than the plan's number within any 1,000 ms. No I/O. A
   * call that is refused before it is spent (a 400) keeps its place as from now.
   */
  reserve(account: Account): Reserved;
  /**
   * The second and the month of the whole fleet in one step: of two calls for the last unit one is refused. What is
   * refused is never counted, and its place is free again. Rejects with the failure `store_unavailable`.
   */
  spend(account: Account, slot: Slot): Promise<Spent>;
  /**
   * Gives a call back to the month it was counted in, once per charge. Never throws and never waits: what the store
   * cannot take now is kept and told later.
   */
  refund(charge: Charge): void;
  /** Both limits without spending, for refusals; null when nothing can be said. Never rejects. */
  read(account: Account): Promise<LimitReading | null>;
}

/** A meter as its opener sees it. */
export interface KeptMeter extends Meter {
  /** Tells the store what it has not heard and hands back what is leased. Never rejects. */
  close(): Promise<void>;
}
