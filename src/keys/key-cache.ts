import { LRUCache } from 'lru-cache';
import type { FoundKey } from './key-store.ts';

/** How long a look-up is good for, ms from when it was sent: a change is seen well within a second. */
export const FRESH_MS = 500;
/** How long a verified key goes on while the store is away, ms. */
export const OUTAGE_MS = 3_600_000;
export const MAX_CACHED_KEYS = 50_000;

/** A question to the store. What it finds is true of some moment after `sentAtMs`. */
export interface LookUp {
  readonly keyHash: string;
  /** On the clock that never goes back. */
  readonly sentAtMs: number;
  /** The order of sending. */
  readonly number: number;
  /** What is shared by all look-ups of this key that are under way. */
  readonly asked: Asked;
}

interface Kept {
  readonly found: FoundKey;
  readonly lookUp: LookUp;
}

interface Asked {
  lookUps: number;
  /** The youngest look-up that was answered. */
  answered: number;
}

/** What a gateway remembers of the keys it looked up. Knows no clock: every moment is handed in, monotonic, in ms. */
export interface KeyCache {
  /** What was found by a look-up sent less than `FRESH_MS` ago, else null. */
  fresh(keyHash: string, nowMs: number): FoundKey | null;
  /** What was found within the last hour, else null: for when the store is away. */
  verified(keyHash: string, nowMs: number): FoundKey | null;
  /** A look-up is sent; `end` tells of it. */
  begin(keyHash: string, nowMs: number): LookUp;
  /** It found this, nothing (null), or could not be answered (undefined). */
  end(lookUp: LookUp, found: FoundKey | null | undefined): void;
  /** Something of this account was changed here: its keys are looked up again, whatever is still on its way. */
  forget(accountId: string): void;
  /** How many keys are being looked up; of the others nothing but hits is remembered. */
  readonly asking: number;
}

/**
 * A hit is kept, and of `max` hits the one asked for least lately goes first. A miss is never kept: it only drops what
 * an earlier look-up had found. Answers may overtake each other; the look-up sent last is believed.
 */
export function createKeyCache(max: number): KeyCache {
  const kept = new LRUCache<string, Kept>({ max });
  /** Only of keys that are being looked up. */
  const asked = new Map<string, Asked>();
  let sent = 0;
  let forgotten = 0;

  const younger = (keyHash: string, nowMs: number, maxAgeMs: number): FoundKey | null => {
    const entry = kept.get(keyHash);
    return entry !== undefined && nowMs - entry.lookUp.sentAtMs < maxAgeMs ? entry.found : null;
  };

  return {
    fresh: (keyHash, nowMs) => younger(keyHash, nowMs, FRESH_MS),
    verified: (keyHash, nowMs) => younger(keyHash, nowMs, OUTAGE_MS),
    begin: (keyHash, nowMs) => {
      sent += 1;
      const mine = asked.get(keyHash) ?? { lookUps: 0, answered: 0 };
      mine.lookUps += 1;
      asked.set(keyHash, mine);
      return { keyHash, sentAtMs: nowMs, number: sent, asked: mine };
    },
    end: (lookUp, found) => {
      const isLatest = endedLast(lookUp, found !== undefined);
      if (found === undefined || !isLatest || lookUp.number <= forgotten) return;
      if (found === null) kept.delete(lookUp.keyHash);
      else kept.set(lookUp.keyHash, { found, lookUp });
    },
    forget: (accountId) => {
      forgotten = sent;
      for (const [keyHash, { found }] of kept.entries())
        if (found.account.id === accountId) kept.delete(keyHash);
    },
    get asking() {
      return asked.size;
    },
  };

  /** Whether no look-up of the same key that was sent later has been answered yet. */
  function endedLast({ keyHash, number, asked: mine }: LookUp, isAnswered: boolean): boolean {
    mine.lookUps -= 1;
    if (mine.lookUps === 0) asked.delete(keyHash);
    const isLatest = number > mine.answered;
    if (isLatest && isAnswered) mine.answered = number;
    return isLatest;
  }
}
