import type { Account } from '../domain/account.ts';
import type { Charge } from '../domain/call.ts';

/** Both limits of an account as they stand. */
export interface LimitReading {
  readonly rate: { readonly limit: number; readonly remaining: number; readonly resetMs: number };
  readonly quota: { readonly limit: number; readonly remaining: number };
  /** The moment of which it is true, epoch ms: by the shared store's clock where there is one. */
  readonly atMs: number;
}

/** A place in this gateway's own second, held from the rate gate to the fleet's verdict. Opaque to the way. */
export interface Slot {
  readonly accountId: string;
}

export type Reserved =
  | { readonly admitted: true; readonly slot: Slot }
  | { readonly admitted: false; readonly waitMs: number };

export type Spent =
  | { readonly granted: true; readonly charge: Charge; readonly reading: LimitReading }
  | {
      readonly granted: false;
      readonly by: 'rate' | 'quota';
      readonly waitMs: number;
      readonly reading: LimitReading;
    };

/** The second and the month of every account. */
export interface Meter {
  /** The gateway's own exact second; no I/O. A call refused behind it (a 400) keeps the place as from now. */
  reserve(account: Account): Reserved;
  /** Fleet-wide second and month in one step. Rejects with `store_unavailable`. Never counts what it refused. */
  spend(account: Account, slot: Slot): Promise<Spent>;
  /** Gives the call back, once per charge. Never throws or waits. */
  refund(charge: Charge): void;
  /** For refusals: both limits without spending; null when nothing can be said. Never rejects. */
  read(account: Account): Promise<LimitReading | null>;
}
