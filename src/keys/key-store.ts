import type { Caller } from '../domain/account.ts';

/** A caller as a key's look-up found it. */
export interface FoundKey extends Caller {
  /** Epoch ms from which on the key is refused; null while no end is known. */
  readonly endsAtMs: number | null;
}

/** Whose key is it? Keys are known by their SHA-256 alone. */
export interface KeyStore {
  /**
   * The caller behind a key, or null when no such key is good at `nowMs` (unknown, revoked, past its overlap).
   * Suspended and expired accounts are found too: to say 402 is the gate's part.
   * Rejects when the store cannot answer, never with a wrong null; what a call meets rejects with the failure
   * `store_unavailable`.
   */
  find(keyHash: string, nowMs: number): Promise<FoundKey | null>;
}

/** Whether a key that was found is good at `nowMs`. */
export const isGood = ({ endsAtMs }: FoundKey, nowMs: number): boolean =>
  endsAtMs === null || nowMs < endsAtMs;
