/** A thing that can stand in one list. All of it is kept by the list. */
export interface Linked<Thing> {
  isLinked: boolean;
  before: Thing | null;
  behind: Thing | null;
}

/** Of a thing that stands in no list yet. */
export const unlinked = { isLinked: false, before: null, behind: null } as const;

/**
 * What comes and goes with every call, in the order in which it came; any of them may leave, and a change costs the
 * same whatever the number. For those without an order there is `Bag`, which says what is wrong with a `Set`.
 */
export class LinkedList<Thing extends Linked<Thing>> {
  #first: Thing | null = null;
  #last: Thing | null = null;
  #size = 0;

  /** The one that came first; `behind` leads on. */
  get first(): Thing | null {
    return this.#first;
  }

  /** The one that came last. */
  get last(): Thing | null {
    return this.#last;
  }

  get size(): number {
    return this.#size;
  }

  /** The first that passes. */
  find(test: (thing: Thing) => boolean): Thing | null {
    let thing = this.#first;
    while (thing !== null && !test(thing)) thing = thing.behind;
    return thing;
  }

  /** Behind all others. One that stands here already stays where it is. */
  append(thing: Thing): void {
    if (thing.isLinked) return;
    thing.isLinked = true;
    thing.before = this.#last;
    if (this.#last === null) this.#first = thing;
    else this.#last.behind = thing;
    this.#last = thing;
    this.#size += 1;
  }

  /** Whether it stood here; a second time changes nothing. */
  remove(thing: Thing): boolean {
    if (!thing.isLinked) return false;
    const { before, behind } = thing;
    if (before === null) this.#first = behind;
    else before.behind = behind;
    if (behind === null) this.#last = before;
    else behind.before = before;
    thing.isLinked = false;
    thing.before = null;
    thing.behind = null;
    this.#size -= 1;
    return true;
  }
}
