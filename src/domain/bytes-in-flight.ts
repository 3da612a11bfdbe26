import { AnswerMemory } from './answer-memory.ts';

/** One call's part of the memory that all answers share (`MAX_BYTES_IN_FLIGHT`). */
export interface BytesHold {
  /**
   * `bytes` more came, or are about to be made: what was reserved is filled first. True: there is room. False: there is
   * none now, the upstream is to be paused; `onRoom` is called once, when there is for all that was asked for.
   */
  grow(bytes: number, onRoom: () => void): boolean;
  /** Gives back all of it, once: the answer was flushed, cut or thrown away. */
  release(): void;
}

/** A hold as the way sees it, which knows when an answer begins and when it is whole. */
export interface AnswerHold extends BytesHold {
  /** Room that nothing is in yet. As `grow`, but behind the account's calls that wait for the same. */
  reserve(bytes: number, onRoom: () => void): boolean;
  /** The answer is whole: until `release` it is this many bytes, whatever was asked for before. Never refused. */
  settle(bytes: number): void;
}

/** Room without a bound, for tools and tests. */
export const unboundedHold: AnswerHold = {
  reserve: () => true,
  grow: () => true,
  settle: () => {},
  release: () => {},
};

/** The memory that all answers share. */
export interface BytesInFlight {
  /** A call's part, empty at first. */
  open(accountId: string): AnswerHold;
  /** Bytes held now. */
  held(): number;
}

/**
 * `maxBytes` for all answers. An account may hold as much as is free beside it: alone half of all, with others less,
 * so that no account fills the house and a newcomer always finds room. So that answers cannot wait for each other for
 * ever, two of them go on whatever is free, as long as the whole ones leave half: the oldest, and one that is half read,
 * as the oldest may itself wait for the connection that a paused one keeps.
 */
export function createBytesInFlight(maxBytes: number): BytesInFlight {
  const memory = new AnswerMemory(maxBytes);
  return {
    held: () => memory.held,
    open: (accountId) => {
      const hold = memory.open(accountId);
      return {
        reserve: (bytes, onRoom) => hold.state !== 'growing' || memory.reserve(hold, bytes, onRoom),
        grow: (bytes, onRoom) => hold.state !== 'growing' || memory.grow(hold, bytes, onRoom),
        settle: (bytes) => {
          if (hold.state === 'growing') memory.settle(hold, bytes);
        },
        release: () => {
          if (hold.state !== 'gone') memory.release(hold);
        },
      };
    },
  };
}
