import { Bag } from '../../domain/bag.ts';
import type { Member } from './member.ts';

/** Those that may be chosen now, and the calls that are left. Whatever the number of exits, a change costs the same. */
export class Usable {
  readonly #members = new Bag<Member>();
  #left = 0;

  get members(): readonly Member[] {
    return this.#members.things;
  }

  /** Calls left of the hour over all of them. */
  get left(): number {
    return this.#left;
  }

  /** `adds`: what it adds to the calls that are left. Known ones are put in anew. */
  put(member: Member, adds: number): void {
    this.#members.put(member);
    this.#count(member, adds);
  }

  take(member: Member): void {
    this.#count(member, 0);
    this.#members.take(member);
  }

  #count(member: Member, adds: number): void {
    this.#left += adds - member.adds;
    member.adds = adds;
  }
}
