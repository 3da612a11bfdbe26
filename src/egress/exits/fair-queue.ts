import { type Linked, LinkedList, unlinked } from '../../domain/linked-list.ts';

/** Who may use the connections of an exit now, and who waits for one. */
export interface FairQueue {
  /**
   * Calls `begin` once when there is a place for the account, at once where there is. Returns how to leave, place or
   * queue: `begin` is not called after that, and leaving twice does nothing. Who waited begins behind the turn in which
   * another left: undici tells of an end while it is busy with the very connection.
   */
  enter(accountId: string, begin: (place: number) => void): Leave;
}

/** `isOpen`: the connection at the place can be used again, so that the next call had better get it. */
export type Leave = (isOpen?: boolean) => void;

interface Guest extends Linked<Guest> {
  readonly begin: (place: number) => void;
  /** Null before it begins, and behind its end. */
  place: number | null;
}

interface Guests {
  inside: number;
  readonly waiting: LinkedList<Guest>;
}

/**
 * So many `places`, of which an account may have as many as are free beside it: alone half of them, with others less.
 * An answer that waits for room in memory keeps its connection; so no account's paused ones keep another's call
 * waiting. Accounts that wait take turns, at the same cost however many calls of each do.
 */
export function createFairQueue(
  places: number,
  later: (work: () => void) => void = queueMicrotask,
): FairQueue {
  const accounts = new Map<string, Guests>();
  /** Places that somebody left, the best one last. */
  const left: number[] = [];
  let free = places;
  let used = 0;

  const admit = (guests: Guests, guest: Guest) => {
    guests.inside += 1;
    free -= 1;
    guest.place = left.pop() ?? used++;
  };
  const begin = (guest: Guest) => {
    if (guest.place !== null) guest.begin(guest.place);
  };
  const admitNext = () => {
    for (const [accountId, guests] of accounts) {
      if (free === 0) return;
      const { first } = guests.waiting;
      if (first === null || guests.inside >= free) continue;
      accounts.delete(accountId);
      accounts.set(accountId, guests);
      guests.waiting.remove(first);
      admit(guests, first);
      later(() => begin(first));
    }
  };
  const vacate = (guests: Guests, guest: Guest, isOpen: boolean) => {
    if (guest.place === null) return;
    if (isOpen) left.push(guest.place);
    else left.unshift(guest.place);
    guest.place = null;
    guests.inside -= 1;
    free += 1;
  };
  return {
    enter: (accountId, work) => {
      const guests = accounts.get(accountId) ?? { inside: 0, waiting: new LinkedList() };
      accounts.set(accountId, guests);
      const guest: Guest = { begin: work, place: null, ...unlinked };
      if (guests.inside >= free) guests.waiting.append(guest);
      else {
        admit(guests, guest);
        begin(guest);
      }
      return (isOpen = false) => {
        guests.waiting.remove(guest);
        vacate(guests, guest, isOpen);
        if (guests.inside + guests.waiting.size === 0) accounts.delete(accountId);
        admitNext();
      };
    },
  };
}
