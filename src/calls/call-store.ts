/** A story as it is kept: found by its request id. */
export interface KeptCall {
  readonly requestId: string;
  readonly receivedAtMs: number;
  /** The story, as JSON. */
  readonly text: string;
}

/** A ring of calls in a store: the newest are kept, as many as it has room for and for as long as is asked. */
export interface CallStore {
  /**
   * Adds calls; the oldest make room. Rejects while the store cannot be written: told again, a call may be kept twice,
   * and is found once.
   */
  add(calls: readonly KeptCall[]): Promise<void>;
  /** The story of a call, or null where it is unknown, too old, or has made room for others. */
  find(requestId: string): Promise<string | null>;
}

export interface CallStoreOptions {
  readonly keptDays: number;
  /** So many calls at most. */
  readonly maxCalls: number;
}

export const DAY_MS = 86_400_000;
