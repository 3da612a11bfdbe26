/** What was used on one day at one endpoint with one outcome. */
export interface UsageRow {
  /** `'2026-11-24'`, UTC. */
  readonly day: string;
  /** The operation's ID; `none` where no endpoint was reached. */
  readonly endpoint: string;
  /** The failure's code; `ok` for an answer with data. */
  readonly code: string;
  readonly calls: number;
  /** Of these, the ones that cost a call of the month. */
  readonly charged: number;
  /** Body bytes to the caller. */
  readonly bytesOut: number;
  /** Bytes through exits, both ways, as their vendors bill them. */
  readonly bytesExit: number;
}

/** In place of an account's ID: requests through paid exits, by entry of the list (as endpoint) and verdict (as code). */
export const EXITS = '>';

/** In place of an account's ID: what went through paid exits on its behalf, by entry of the list (as endpoint). */
export const exitsOf = (accountId: string): string => `${EXITS}${accountId}`;

/** In place of an account's ID: all accounts together, and the calls that belong to none. */
export const EVERYONE = '*';
