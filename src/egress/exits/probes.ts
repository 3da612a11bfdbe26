import type { Fault } from '../fault.ts';
import type { Member } from './member.ts';
import { openOnce } from './probe.ts';

/** Probes under way at once. */
const PROBES = 32;

export interface ProbesOptions {
  /** Of the upstream. */
  readonly origin: string;
  /** A tunnel was tried: what went wrong, null where it opened. */
  readonly tried: (member: Member, fault: Fault | null) => void;
}

/** Tunnels opened in the background for their own sake, some at a time. They cost no budget. */
export class Probes {
  readonly #options: ProbesOptions;
  readonly #queue: { readonly member: Member; readonly done: () => void }[] = [];
  #underWay = 0;

  constructor(options: ProbesOptions) {
    this.#options = options;
  }

  /**
   * Settles when it was tried, whatever came of it; never rejects. One that is tried already, has ended, or cannot
   * leave service is not tried.
   */
  try(member: Member): Promise<void> {
    if (!member.from.ejectable || member.isProbing) return Promise.resolve();
    member.isProbing = true;
    return new Promise((done) => {
      this.#queue.push({ member, done });
      this.#next();
    });
  }

  #next(): void {
    if (this.#underWay >= PROBES) return;
    const next = this.#queue.shift();
    if (next === undefined) return;
    this.#underWay += 1;
    this.#tryNow(next.member)
      .catch(() => {})
      .finally(() => {
        this.#underWay -= 1;
        next.member.isProbing = false;
        next.done();
        this.#next();
      });
  }

  async #tryNow(member: Member): Promise<void> {
    if (member.health.state === 'retired') return;
    const fault = await openOnce(member.connect, this.#options.origin);
    this.#options.tried(member, fault);
  }
}
