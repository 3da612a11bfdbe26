/** What an entry of the list of exits says of its traffic; null where it says nothing. */
export interface SourceTerms {
  /** In place of `PRICE_PER_GB`. */
  readonly pricePerGb: number | null;
  /** So much a month, and then no more. */
  readonly gbPerMonth: number | null;
}

export const NO_TERMS: SourceTerms = { pricePerGb: null, gbPerMonth: null };

/** As vendors bill it, bytes. */
export const GB = 1e9;

/** How far a month's traffic is: `near` from four fifths of its limit on. */
export type Traffic = 'within' | 'near' | 'used up';

/** What went through the exits of one entry of the list in a month. */
export interface SourceUse {
  /** The entry's label; never a secret. */
  readonly source: string;
  readonly requests: number;
  readonly bytes: number;
  /** In what the price is told in; null where there is none. */
  readonly cost: number | null;
}

/** By entry of the list, and what has a price in all; null where nothing has one. */
export interface ExitsUse {
  readonly sources: readonly SourceUse[];
  readonly cost: number | null;
}

/** An entry's present month, over all gateways. */
export interface SourceMonth {
  readonly source: string;
  readonly bytes: number;
  /** In what the price is told in; null where there is none. */
  readonly cost: number | null;
  /** Bytes that it may carry; null where there is no limit. */
  readonly budgetBytes: number | null;
  /** `used up`: none of its exits is chosen until the month ends, or its budget is raised. */
  readonly traffic: Traffic;
}

/** What the present month has cost until now, over all gateways that share the store. */
export interface CostsView {
  readonly month: string;
  readonly sources: readonly SourceMonth[];
  /** Null where nothing has a price. */
  readonly cost: number | null;
  /** Calls answered with data, at most a minute behind. */
  readonly answered: number;
  /** Null also where nothing was answered. */
  readonly costPerThousand: number | null;
}
