import type { UsageRow } from '../domain/usage.ts';

/** What one gateway tells of one account and month. */
export interface UsageBatch {
  readonly account: string;
  /** `'2026-11'`; every row's day is in it. */
  readonly month: string;
  /** Grows with every batch of this gateway. */
  readonly number: number;
  readonly rows: readonly UsageRow[];
}

/** Where what was used is added up, over all gateways that share it. */
export interface UsageStore {
  /**
   * Adds a batch. Rejects while the store cannot be written; told again then, under the same number, it counts once,
   * even where the first try had reached the store.
   */
  add(batch: UsageBatch): Promise<void>;
  /** All rows of an account's month, by day, endpoint and code; none for months more than 13 ago. */
  read(account: string, month: string): Promise<readonly UsageRow[]>;
}

/** How long a month is kept, in months, the present one included: a year back can be read at any time. */
export const KEPT_MONTHS = 13;

/** The order in which rows are told. */
export const byDayEndpointCode = (a: UsageRow, b: UsageRow): number =>
  compare(a.day, b.day) || compare(a.endpoint, b.endpoint) || compare(a.code, b.code);

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);
