import type { Limits } from '../domain/plan.ts';
import type { Heard, Told } from './counts.ts';

/** What one step asks of the store that all gateways share. */
export interface StepAsk {
  readonly accountId: string;
  readonly period: string;
  /** Which of this gateway's counts of the month are told: one that was forgotten and begun anew has another. */
  readonly life: number;
  readonly limits: Limits;
  /** How far this gateway's own counts have come. */
  readonly told: Told;
  /** How many calls wait for a verdict; 0 only tells and reads. */
  readonly calls: number;
}

export interface StepAnswer extends Heard {
  /** By the store's clock, ms since the epoch. */
  readonly atMs: number;
  /** Calls of all gateways in the last second, those granted now left out. */
  readonly inSecond: number;
  /** Until the next call could be granted by the second, ms; 0 when one could now. */
  readonly waitMs: number;
  /** Until the second is all free, ms. */
  readonly resetMs: number;
}

/** The one step of the store that all gateways share, and what is known of its server. */
export interface Fleet {
  /**
   * Calls `build` when it is its turn to write, again where the store wants it asked once more, and resolves with the
   * answer to what was built last. The store grants nothing to what reaches it later than its caller would wait, and
   * nothing to a month that has not begun or is over. Rejects when the server is away; what was granted all the same
   * is told to `late` with its ask.
   */
  step(
    accountId: string,
    build: () => StepAsk,
    late: (ask: StepAsk, answer: StepAnswer) => void,
  ): Promise<StepAnswer>;
  /** The time on the server of an account, as well as it is known; ms since the epoch. */
  nowMs(accountId: string): number;
  isAway(accountId: string): boolean;
  /** Notes that an account has a month, for those who list them. */
  note(accountId: string, period: string): Promise<void>;
  /** This gateway is done with a month: its own counts become part of all. What was not heard of only takes room. */
  fold(month: Pick<StepAsk, 'accountId' | 'period' | 'life'>, told: Told): Promise<void>;
  /** Calls `listener` each time a server is back, or one in its place that may know less (`wasLost`). */
  onBack(listener: (wasLost: boolean) => void): void;
}
