/** The last second of one account as it stands. */
export interface RateReading {
  readonly limit: number;
  /** Calls that would be admitted now, never below 0. */
  readonly remaining: number;
  /** Until all of `limit` is free again, ms; 0 when it is. */
  readonly resetMs: number;
}

/** A call let in, or how long until the next one would be, ms. */
export type RateDecision =
  | { readonly admitted: true }
  | { readonly admitted: false; readonly waitMs: number };

/**
 * The exact second: never more than `limit` admitted within any 1,000 ms, over all endpoints, keys and gateways
 * that share the store. A refused call is not counted.
 */
export interface RateStore {
  admit(accountId: string, limit: number): Promise<RateDecision>;
  read(accountId: string, limit: number): Promise<RateReading>;
}
