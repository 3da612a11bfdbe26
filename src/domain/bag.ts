/** Where a thing sits in its bag. */
export interface Seat<Thing> {
  readonly thing: Thing;
  /** -1 once it was taken out. */
  at: number;
}

/**
 * What comes and goes with every call, in no order. A `Set` could hold it, but each table that a set outgrows points
 * to the next one: the first that reaches the old generation keeps all that was ever in its successors alive until the
 * next whole collection. That doubled the time of every scavenge.
 */
export class Bag<Thing> {
  readonly #seats: Seat<Thing>[] = [];

  get size(): number {
    return this.#seats.length;
  }

  /** Where to find it again. */
  add(thing: Thing): Seat<Thing> {
    const seat = { thing, at: this.#seats.length };
    this.#seats.push(seat);
    return seat;
  }

  /** Takes it out; a second time changes nothing. */
  remove(seat: Seat<Thing>): void {
    if (seat.at < 0) return;
    const last = this.#seats.pop() as Seat<Thing>;
    if (last !== seat) {
      this.#seats[seat.at] = last;
      last.at = seat.at;
    }
    seat.at = -1;
  }

  /** As they sit now; things may come and go while they are looked at. */
  things(): Thing[] {
    return this.#seats.map(({ thing }) => thing);
  }
}
