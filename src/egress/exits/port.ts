import type { Dispatcher } from 'undici';
import type { Fault } from '../fault.ts';
import type { Source } from '../sources/source.ts';
import type { FairQueue } from './fair-queue.ts';

/** An address we leave from, as attempts see it. */
export interface Exit {
  /** For logs and telemetry; never a secret. */
  readonly label: string;
  /** The label of the entry that made it. */
  readonly source: string;
  /** To be stood in before anything is dispatched: a place in it is a connection. */
  readonly queue: FairQueue;
  /** For one request at a time. */
  connection(place: number): Dispatcher;
}

/** Everything that one attempt holds: budget, ceiling, share and a place on its exit. */
export interface Reservation {
  readonly exit: Exit;
  /** Ends it, exactly once; a second call does nothing. What surely never left is given back, all of it. */
  settle(end: AttemptEnd): void;
}

/** How an attempt ended, as far as its exit is concerned. Headers have lower-case names. */
export type AttemptEnd =
  /** Bitbucket answered, 429 and 5xx included: the exit works, and learns from status and headers. */
  | {
      readonly kind: 'answered';
      readonly status: number;
      readonly headers: Readonly<Record<string, string>>;
      /** To the head of the answer or to its end, the same for all attempts. */
      readonly latencyMs: number;
    }
  /** The edge's own page: an exit that keeps getting it is set aside. */
  | {
      readonly kind: 'blocked';
      readonly headers: Readonly<Record<string, string>>;
      readonly latencyMs: number;
    }
  /** No answer. `sent`: the request may have reached Bitbucket, so it counts there. */
  | { readonly kind: 'fault'; readonly fault: Fault; readonly sent: boolean }
  /** Nobody's fault: the caller hung up, another attempt won, or the answer was larger than we take. */
  | { readonly kind: 'abandoned'; readonly sent: boolean };

/** For whom a call is made. */
export interface Payer {
  readonly accountId: string;
  /** The account's part when calls are scarce: its plan's calls a second. */
  readonly weight: number;
}

/** An exit as operators see it. */
export interface ExitState {
  /** Fit for a path; stable over restarts where the exit is. */
  readonly id: string;
  readonly label: string;
  readonly source: string;
  readonly state: 'healthy' | 'ejected' | 'spent' | 'set_aside';
  /** Why it is out of service; null while it is in. */
  readonly reason: string | null;
  /** Calls of the rolling hour, as Bitbucket grants them. */
  readonly limit: number;
  /** Of these, left. */
  readonly left: number;
  readonly inFlight: number;
  /** Smoothed, of answers; null before the first. */
  readonly latencyMs: number | null;
}

/** The exits, and which of them the next attempt leaves from. */
export interface Pool {
  /**
   * Chooses an exit, outside `avoid` where there is one, and takes all that an attempt needs before anything is
   * awaited. Rejects with a Failure: `exits_exhausted` (`retryAfterMs`: the earliest moment at which this payer's
   * call could leave) or `store_unavailable` (the shared store is away and no call is leased from it).
   */
  reserve(payer: Payer, avoid: readonly Exit[]): Promise<Reservation>;
  /** Whether a second attempt could leave from elsewhere. */
  hasOther(avoid: readonly Exit[]): boolean;
  /** Whether less than a fifth of the hour's calls is left: nothing is spent on comfort then. */
  isScarce(): boolean;
  /** The earliest moment at which a call could leave, ms from now; 0 when one could. */
  restMs(): number;
  /** Another list. Known exits keep budget and health, and use the new entry's password from now on. */
  replace(sources: readonly Source[]): void;
  /** Settles when budgets are read and each exit was tried once, or after 2 s. */
  ready(): Promise<void>;
  snapshot(): readonly ExitState[];
  /** Out of service until `bringBack`, whatever its health. False: no exit has this id. */
  setAside(id: string): boolean;
  /** Back into service, its ejections forgotten. False: no exit has this id. */
  bringBack(id: string): boolean;
  /** From now on no exit of these sources is chosen, by their labels, and of all others again. */
  stopSources(sources: ReadonlySet<string>): void;
  /** Ends every tunnel, those of retired exits too, and gives leased calls back to the store. */
  close(): Promise<void>;
}
