import type { Account } from '../domain/account.ts';
import type { Charge } from '../domain/call.ts';

/** The month of an account as it stands. */
export interface QuotaReading {
  readonly limit: number;
  /** Calls left, never below 0. */
  readonly remaining: number;
}

/** What an account used in a month. */
export interface Usage {
  readonly accountId: string;
  readonly period: string;
  readonly used: number;
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

/** A ledger as its opener sees it. */
export interface KeptLedger extends Ledger {
  /** Every count there is. */
  usage(): Promise<readonly Usage[]>;
  /** Takes counts over from another store. */
  write(rows: readonly Usage[]): Promise<void>;
  /** Writes what is still in memory. */
  close(): Promise<void>;
}
