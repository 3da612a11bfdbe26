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

/** A hold as the way sees it, which knows when an answer is whole. */
export interface AnswerHold extends BytesHold {
  /** The answer is whole: until `release` it is this many bytes, whatever was asked for before. Never refused. */
  settle(bytes: number): void;
}

/** Room without a bound, for tools and tests. */
export const unboundedHold: AnswerHold = { grow: () => true, settle: () => {}, release: () => {} };

/** The memory that all answers share. */
export interface BytesInFlight {
  /** A call's part, empty at first. */
  open(accountId: string): AnswerHold;
  /** Bytes held now. */
  held(): number;
}

interface Hold {
  readonly accountId: string;
  bytes: number;
  isWhole: boolean;
  /** What it waits for. */
  wanted: { readonly bytes: number; readonly onRoom: () => void } | null;
}

/**
 * `maxBytes` for all answers. An account may hold as much as is free beside it: alone half of all, with others less,
 * so that no account fills the house and a newcomer always finds room. So that half-read answers cannot wait for each
 * other for ever, the oldest of them goes on whatever is free, as long as the whole ones leave half.
 */
export function createBytesInFlight(maxBytes: number): BytesInFlight {
  const byAccount = new Map<string, number>();
  /** Those that still grow, oldest first. */
  const growing = new Set<Hold>();
  let waiting = 0;
  let held = 0;
  let whole = 0;

  const add = (hold: Hold, bytes: number) => {
    hold.bytes += bytes;
    held += bytes;
    if (hold.isWhole) whole += bytes;
    const ofAccount = (byAccount.get(hold.accountId) ?? 0) + bytes;
    if (ofAccount === 0) byAccount.delete(hold.accountId);
    else byAccount.set(hold.accountId, ofAccount);
  };
  const isNext = (hold: Hold) => growing.values().next().value === hold && whole <= maxBytes / 2;
  /** `promised` is what others were woken for and have not taken yet. */
  const fits = (hold: Hold, bytes: number, promised: number) =>
    (byAccount.get(hold.accountId) ?? 0) + bytes + promised <= maxBytes - held || isNext(hold);

  const want = (hold: Hold, wanted: Hold['wanted']) => {
    waiting += Number(wanted !== null) - Number(hold.wanted !== null);
    hold.wanted = wanted;
  };
  const wake = () => {
    if (waiting === 0) return;
    let promised = 0;
    for (const hold of [...growing]) {
      const { wanted } = hold;
      if (wanted === null || !fits(hold, wanted.bytes, promised)) continue;
      promised += wanted.bytes;
      want(hold, null);
      wanted.onRoom();
    }
  };

  return {
    held: () => held,
    open: (accountId) => {
      const hold: Hold = { accountId, bytes: 0, isWhole: false, wanted: null };
      growing.add(hold);
      let released = false;
      return {
        grow: (bytes, onRoom) => {
          if (released || fits(hold, bytes, 0)) {
            if (!released) add(hold, bytes);
            return true;
          }
          want(hold, { bytes, onRoom });
          return false;
        },
        settle: (bytes) => {
          if (released || hold.isWhole) return;
          growing.delete(hold);
          want(hold, null);
          hold.isWhole = true;
          whole += hold.bytes;
          add(hold, bytes - hold.bytes);
          wake();
        },
        release: () => {
          if (released) return;
          released = true;
          growing.delete(hold);
          want(hold, null);
          add(hold, -hold.bytes);
          wake();
        },
      };
    },
  };
}
