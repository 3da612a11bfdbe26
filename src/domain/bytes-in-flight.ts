/** One call's part of the memory that all answers share (`MAX_BYTES_IN_FLIGHT`). */
export interface BytesHold {
  /**
   * Asks for `bytes` more. True: they are this call's until `release`. False: there is no room now, the upstream is
   * to be paused; `onRoom` is called once when asking again is worth it.
   */
  grow(bytes: number, onRoom: () => void): boolean;
  /** Gives back all of it, once: the answer was flushed, cut or thrown away. */
  release(): void;
}

/** Room without a bound, for tools and tests. */
export const unboundedHold: BytesHold = { grow: () => true, release: () => {} };
