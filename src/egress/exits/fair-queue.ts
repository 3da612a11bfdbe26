/** Who may use the connections of an exit now, and who waits for one. */
export interface FairQueue {
  /**
   * Calls `begin` once when there is a place for the account, at once where there is. Returns how to leave, place or
   * queue: `begin` is not called after that, and leaving twice does nothing.
   */
  enter(accountId: string, begin: () => void): () => void;
}

interface Guest {
  readonly accountId: string;
  readonly begin: () => void;
  state: 'waits' | 'in' | 'gone';
}

/**
 * So many `places`, of which an account may have as many as are free beside it: alone half of them, with others less.
 * An answer that waits for room in memory keeps its connection; so no account's paused ones keep another's call
 * waiting. Those who wait come in the order in which they came, as far as each fits.
 */
export function createFairQueue(places: number): FairQueue {
  const inside = new Map<string, number>();
  const waiting = new Set<Guest>();
  let free = places;

  const count = ({ accountId }: Guest, by: 1 | -1) => {
    const its = (inside.get(accountId) ?? 0) + by;
    if (its === 0) inside.delete(accountId);
    else inside.set(accountId, its);
    free -= by;
  };
  const fits = ({ accountId }: Guest) => (inside.get(accountId) ?? 0) < free;
  const admit = (guest: Guest) => {
    guest.state = 'in';
    count(guest, 1);
    guest.begin();
  };
  const admitWhoFits = () => {
    for (const guest of waiting) {
      if (free === 0) return;
      if (!fits(guest)) continue;
      waiting.delete(guest);
      admit(guest);
    }
  };
  return {
    enter: (accountId, begin) => {
      const guest: Guest = { accountId, begin, state: 'waits' };
      if (fits(guest)) admit(guest);
      else waiting.add(guest);
      return () => {
        const was = guest.state;
        guest.state = 'gone';
        waiting.delete(guest);
        if (was !== 'in') return;
        count(guest, -1);
        admitWhoFits();
      };
    },
  };
}
