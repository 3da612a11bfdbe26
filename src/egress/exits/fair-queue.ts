import { type Linked, LinkedList, unlinked } from '../../domain/linked-list.ts';

/** Who may use the connections of an exit now, and who waits for one. */
export interface FairQueue {
  /**
   * Calls `begin` once when there is a place for the account, at once where there is. Returns how to leave, place or
   * queue: `begin` is not called after that, and leaving twice does nothing.
   */
  enter(accountId: string, begin: () => void): () => void;
}

interface Guest extends Linked<Guest> {
  readonly begin: () => void;
  isInside: boolean;
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
export function createFairQueue(places: number): FairQueue {
  const accounts = new Map<string, Guests>();
  let free = places;

  const admit = (guests: Guests, guest: Guest) => {
    guests.inside += 1;
    free -= 1;
    guest.isInside = true;
    guest.begin();
  };
  const admitNext = () => {
    for (const [accountId, guests] of accounts) {
      const { first } = guests.waiting;
      if (first === null || guests.inside >= free) continue;
      accounts.delete(accountId);
      accounts.set(accountId, guests);
      guests.waiting.remove(first);
      admit(guests, first);
    }
  };
  return {
    enter: (accountId, begin) => {
      const guests = accounts.get(accountId) ?? { inside: 0, waiting: new LinkedList() };
      accounts.set(accountId, guests);
      const guest: Guest = { begin, isInside: false, ...unlinked };
      if (guests.inside < free) admit(guests, guest);
      else guests.waiting.append(guest);
      return () => {
        guests.waiting.remove(guest);
        if (guest.isInside) {
          guest.isInside = false;
          guests.inside -= 1;
          free += 1;
        }
        if (guests.inside + guests.waiting.size === 0) accounts.delete(accountId);
        admitNext();
      };
    },
  };
}
