/** A thing that can lie in one bag. */
export interface Placed {
  /** Its place in the bag; -1: it is in none. Kept by the bag. */
  place: number;
}

/**
 * What comes and goes with every call, in no order: what leaves is replaced by the last. Whatever the number, a change
 * costs the same. A `Set` could hold it, but each table that a set outgrows points to the next one: the first that
 * reaches the old generation keeps all that was ever in its successors alive until the next whole collection. That
 * doubled the time of every scavenge.
 */
export class Bag<Thing extends Placed> {
  readonly #things: Thing[] = [];

  get things(): readonly Thing[] {
    return this.#things;
  }

  /** One that is in already stays where it is. */
  put(thing: Thing): void {
    if (thing.place < 0) thing.place = this.#things.push(thing) - 1;
  }

  /** Takes it out; a second time changes nothing. */
  take(thing: Thing): void {
    if (thing.place < 0) return;
    const last = this.#things.pop() as Thing;
    if (last !== thing) this.#things[thing.place] = last;
    last.place = thing.place;
    thing.place = -1;
  }
}
