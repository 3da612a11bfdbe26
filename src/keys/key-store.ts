import type { Caller } from '../domain/account.ts';

/** Whose key is it? Keys are known by their SHA-256 alone. */
export interface KeyStore {
  /**
   * The caller behind a key, or null when no such key is valid now (unknown, revoked, past its overlap).
   * Suspended and expired accounts are found too: to say 402 is the gate's part.
   * Rejects with the failure `store_unavailable` when the store is out of reach and the key was never seen;
   * never with a wrong null.
   */
  find(keyHash: string, nowMs: number): Promise<Caller | null>;
}
