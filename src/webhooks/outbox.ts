import type { Tried } from './retry.ts';

/** An event as it is kept until it has arrived. */
export interface OutboxEvent {
  readonly id: string;
  readonly accountId: string;
  readonly createdAtMs: number;
  /** What is sent, the same on every try. */
  readonly body: string;
}

/** The first event of an account, in one sender's hands for `HELD_MS`; nobody else is given one of that account. */
export interface HeldEvent extends OutboxEvent {
  readonly tried: Tried;
  /** Of this holding alone. */
  readonly lease: string;
}

/** How far the audit was followed when it was read, and how far it is now. */
export interface Followed {
  /** Null where it never was. */
  readonly was: number | null;
  readonly is: number;
}

export interface Backlog {
  readonly pending: number;
  /** Of the oldest of them, epoch ms; null where there is none. */
  readonly oldestAtMs: number | null;
}

/** So many events wait at most. */
export const OUTBOX_ROOM = 100_000;
/** An id is known for so long, ms: longer than the month that it may be told of. */
export const KNOWN_FOR_MS = 40 * 86_400_000;
/** Longer than a sending takes; after it the sender is taken to be gone, ms. */
export const HELD_MS = 20_000;

/**
 * Events on their way to the receiver, one line an account, kept over restarts and shared by all gateways. What
 * rejects did so because the store cannot be used: nothing is lost, and what was asked for may have been done.
 */
export interface Outbox {
  /** The first row of the audit that was not read yet; null where it was never followed. */
  followedTo(): Promise<number | null>;
  /**
   * Puts events behind those of their accounts, all or none, each id once for 40 days. With `followed`, together with
   * how far the audit was read. `full`: there is no room now; `overtaken`: another gateway has read on meanwhile.
   */
  add(events: readonly OutboxEvent[], followed?: Followed): Promise<'added' | 'full' | 'overtaken'>;
  /** The first events of at most `limit` accounts whose time has come. */
  hold(limit: number): Promise<readonly HeldEvent[]>;
  /** It has arrived, or was given up: the account's next one is due. Changes nothing when another holds it by now. */
  remove(held: HeldEvent): Promise<void>;
  /** It is due again in `waitMs`. Changes nothing when another holds it by now. */
  putBack(held: HeldEvent, waitMs: number, tried: Tried): Promise<void>;
  backlog(): Promise<Backlog>;
}
