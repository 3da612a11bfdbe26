/** One spent call of the month. */
export interface Charge {
  readonly accountId: string;
  /** The month it was charged in, `'2026-06'`. */
  readonly period: string;
  /** Set by the first refund; a second one does nothing. */
  refunded: boolean;
}
