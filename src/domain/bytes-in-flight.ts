import { type Linked, LinkedList, unlinked } from './linked-list.ts';

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

/**
 * `maxBytes` for all answers. An account may hold as much as is free beside it: alone half of all, with others less,
 * so that no account fills the house and a newcomer always finds room. So that answers cannot wait for each other for
 * ever, two of them go on whatever is free, as long as the whole ones leave half: the oldest, and one that is half read,
 * as the oldest may itself wait for the connection that a paused one keeps.
 */
export function createBytesInFlight(maxBytes: number): BytesInFlight {
  const memory = new Memory(maxBytes);
  return {
    held: () => memory.held,
    open: (accountId) => {
      const hold = memory.open(accountId);
      return {
        grow: (bytes, onRoom) => hold.state === 'gone' || memory.grow(hold, { bytes, onRoom }),
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

interface Hold extends Linked<Hold> {
  readonly accountId: string;
  bytes: number;
  state: 'growing' | 'whole' | 'gone';
}

interface Wanted {
  readonly bytes: number;
  readonly onRoom: () => void;
}

/** The sums of all holds, and who waits for room. */
class Memory {
  readonly #maxBytes: number;
  readonly #byAccount = new Map<string, number>();
  /** Those that still grow, oldest first. */
  readonly #growing = new LinkedList<Hold>();
  /** Those that were refused room, and what each asked for. */
  readonly #waiting = new Map<Hold, Wanted>();
  /** A half-read one that goes on whatever is free, until it is whole or gone. */
  #goesOn: Hold | null = null;
  #whole = 0;
  held = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  open(accountId: string): Hold {
    const hold: Hold = { accountId, bytes: 0, state: 'growing', ...unlinked };
    this.#growing.append(hold);
    return hold;
  }

  /** Takes what is wanted, or remembers that it is. */
  grow(hold: Hold, wanted: Wanted): boolean {
    if (!this.#fits(hold, wanted.bytes, 0)) {
      this.#waiting.set(hold, wanted);
      return false;
    }
    this.#add(hold, wanted.bytes);
    return true;
  }

  settle(hold: Hold, bytes: number): void {
    this.#end(hold, 'whole');
    this.#whole += hold.bytes;
    this.#add(hold, bytes - hold.bytes);
    this.#wake();
  }

  release(hold: Hold): void {
    this.#add(hold, -hold.bytes);
    this.#end(hold, 'gone');
    this.#wake();
  }

  #end(hold: Hold, state: 'whole' | 'gone'): void {
    hold.state = state;
    this.#growing.remove(hold);
    this.#waiting.delete(hold);
    if (this.#goesOn === hold) this.#goesOn = null;
  }

  #add(hold: Hold, bytes: number): void {
    hold.bytes += bytes;
    this.held += bytes;
    if (hold.state === 'whole') this.#whole += bytes;
    const ofAccount = this.#ofAccount(hold) + bytes;
    if (ofAccount === 0) this.#byAccount.delete(hold.accountId);
    else this.#byAccount.set(hold.accountId, ofAccount);
  }

  #ofAccount({ accountId }: Hold): number {
    return this.#byAccount.get(accountId) ?? 0;
  }

  /** `promised` is what others were woken for and have not taken yet. */
  #fits(hold: Hold, bytes: number, promised: number): boolean {
    return this.#ofAccount(hold) + bytes + promised <= this.#maxBytes - this.held || this.#isNext(hold);
  }

  /** The oldest that still grows or the half-read one, as long as the whole ones leave half. */
  #isNext(hold: Hold): boolean {
    if (this.#whole > this.#maxBytes / 2) return false;
    if (this.#growing.first === hold) return true;
    if (hold.bytes > 0) this.#goesOn ??= hold;
    return this.#goesOn === hold;
  }

  #wake(): void {
    if (this.#waiting.size === 0) return;
    let promised = 0;
    for (const [hold, wanted] of [...this.#waiting]) {
      const stillWaits = this.#waiting.get(hold) === wanted;
      if (!stillWaits || !this.#fits(hold, wanted.bytes, promised)) continue;
      promised += wanted.bytes;
      this.#waiting.delete(hold);
      wanted.onRoom();
    }
  }
}
