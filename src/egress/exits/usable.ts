import type { Member } from './member.ts';

/** Those that may be chosen now, and the calls that are left. Whatever the number of exits, a change costs the same. */
export class Usable {
  /** In no order: what leaves is replaced by the last. */
  readonly #members: Member[] = [];
  #left = 0;

  get members(): readonly Member[] {
    return this.#members;
  }

  /** Calls left of the hour over all of them. */
  get left(): number {
    return this.#left;
  }

  /** `adds`: what it adds to the calls that are left. Known ones are put in anew. */
  put(member: Member, adds: number): void {
    if (member.place < 0) member.place = this.#members.push(member) - 1;
    this.#count(member, adds);
  }

  take(member: Member): void {
    this.#count(member, 0);
    if (member.place < 0) return;
    const last = this.#members.pop() as Member;
    if (last !== member) this.#members[member.place] = last;
    last.place = member.place;
    member.place = -1;
  }

  #count(member: Member, adds: number): void {
    this.#left += adds - member.adds;
    member.adds = adds;
  }
}
