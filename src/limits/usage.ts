/** What an account used in a month: calls admitted, less those given back. */
export interface Usage {
  readonly accountId: string;
  readonly period: string;
  readonly used: number;
}

/** The months of all accounts, beside running gateways too; at most a second behind them. */
export interface UsageRecords {
  /** By period, then account. */
  list(): Promise<readonly Usage[]>;
  /** Adds counts of another store. */
  add(rows: readonly Usage[]): Promise<void>;
}
