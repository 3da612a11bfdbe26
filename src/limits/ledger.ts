import type { Account } from '../domain/account.ts';
import type { Charge } from '../domain/call.ts';

/** The month of an account as it stands. */
export interface QuotaReading {
  readonly limit: number;
  /** Calls left, never below 0. */
  readonly remaining: number;
}

/** The durable count of calls per account and calendar month (UTC). */
export interface Ledger {
  /**
   * Checks and counts one call in one step: of two concurrent calls for the last unit one is refused.
   * A refused call is not counted. Null means refused: no call is left in the month of `atMs`.
   */
  spend(account: Account, atMs: number): Promise<Charge | null>;
  /** Gives one call back to the month it was charged in; a second refund of the same charge does nothing. */
  refund(charge: Charge): Promise<void>;
  /** What is left at `atMs`, every call spent and refunded until now included. */
  read(account: Account, atMs: number): Promise<QuotaReading>;
}
