import { type Linked, LinkedList, unlinked } from './linked-list.ts';

/** One call's part. */
export interface Hold extends Linked<Hold> {
  readonly account: AccountHolds;
  bytes: number;
  /** Of these, what nothing is in yet. */
  empty: number;
  state: 'growing' | 'whole' | 'gone';
  /** Of two attempts at one call each may wait. */
  readonly waits: Wait[];
}

/** What all calls of an account hold, and those that could not begin, oldest first. */
interface AccountHolds extends Linked<AccountHolds> {
  readonly id: string;
  calls: number;
  bytes: number;
  readonly waiting: LinkedList<Wait>;
}

interface Wait extends Linked<Wait> {
  readonly hold: Hold;
  readonly list: LinkedList<Wait>;
  readonly bytes: number;
  readonly onRoom: () => void;
}

/**
 * The sums of all holds, and who waits for room. It is given to half-read answers before those that would begin, and of
 * these to each account in turn, oldest call first. A release looks at the half-read ones and at one call of each account,
 * however many more wait.
 */
export class AnswerMemory {
  readonly #maxBytes: number;
  readonly #accounts = new Map<string, AccountHolds>();
  /** Calls whose answers still grow, oldest first. */
  readonly #growing = new LinkedList<Hold>();
  /** Half-read answers that were refused room. */
  readonly #paused = new LinkedList<Wait>();
  /** Accounts of calls that were refused room to begin; they take turns. */
  readonly #waiting = new LinkedList<AccountHolds>();
  /** A half-read one that goes on whatever is free, until it is whole or gone. */
  #goesOn: Hold | null = null;
  #whole = 0;
  held = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  open(accountId: string): Hold {
    const account = this.#accountOf(accountId);
    account.calls += 1;
    const hold: Hold = { account, bytes: 0, empty: 0, state: 'growing', waits: [], ...unlinked };
    this.#growing.append(hold);
    return hold;
  }

  reserve(hold: Hold, bytes: number, onRoom: () => void): boolean {
    const { account } = hold;
    const isItsTurn = account.waiting.size === 0 || this.#growing.first === hold;
    hold.empty += bytes;
    if (isItsTurn && this.#take(hold, bytes)) return true;
    this.#wait({ hold, list: account.waiting, bytes, onRoom, ...unlinked });
    this.#waiting.append(account);
    return false;
  }

  grow(hold: Hold, bytes: number, onRoom: () => void): boolean {
    const lacking = Math.max(0, bytes - hold.empty);
    hold.empty -= bytes - lacking;
    if (lacking === 0 || this.#take(hold, lacking)) return true;
    this.#wait({ hold, list: this.#paused, bytes: lacking, onRoom, ...unlinked });
    return false;
  }

  settle(hold: Hold, bytes: number): void {
    this.#end(hold, 'whole');
    this.#whole += hold.bytes;
    this.#add(hold, bytes - hold.bytes);
    this.#giveToWaiting();
  }

  release(hold: Hold): void {
    const { account } = hold;
    this.#add(hold, -hold.bytes);
    this.#end(hold, 'gone');
    account.calls -= 1;
    if (account.calls === 0) this.#accounts.delete(account.id);
    this.#giveToWaiting();
  }

  #accountOf(id: string): AccountHolds {
    const known = this.#accounts.get(id);
    if (known !== undefined) return known;
    const account: AccountHolds = { id, calls: 0, bytes: 0, waiting: new LinkedList(), ...unlinked };
    this.#accounts.set(id, account);
    return account;
  }

  #end(hold: Hold, state: 'whole' | 'gone'): void {
    hold.state = state;
    this.#growing.remove(hold);
    for (const wait of hold.waits.splice(0)) this.#leave(wait);
    if (this.#goesOn === hold) this.#goesOn = null;
  }

  #take(hold: Hold, bytes: number): boolean {
    const fits = this.#fits(hold, bytes);
    if (fits) this.#add(hold, bytes);
    return fits;
  }

  #add(hold: Hold, bytes: number): void {
    hold.bytes += bytes;
    hold.account.bytes += bytes;
    this.held += bytes;
    if (hold.state === 'whole') this.#whole += bytes;
  }

  #fits(hold: Hold, bytes: number): boolean {
    return hold.account.bytes + bytes <= this.#maxBytes - this.held || this.#isNext(hold);
  }

  /** The oldest that still grows or the half-read one, as long as the whole ones leave half. */
  #isNext(hold: Hold): boolean {
    if (this.#whole > this.#maxBytes / 2) return false;
    if (this.#growing.first === hold) return true;
    if (hold.bytes > 0) this.#goesOn ??= hold;
    return this.#goesOn === hold;
  }

  #wait(wait: Wait): void {
    wait.hold.waits.push(wait);
    wait.list.append(wait);
  }

  /** Takes it off its list; of those that would begin, its account's next one is behind the others'. */
  #leave(wait: Wait): void {
    const { account } = wait.hold;
    wait.list.remove(wait);
    if (wait.list !== account.waiting) return;
    this.#waiting.remove(account);
    if (account.waiting.size > 0) this.#waiting.append(account);
  }

  /** What is given counts at once, so that whoever is told next knows of it. */
  #giveToWaiting(): void {
    for (let wait = this.#nextWait(); wait !== null; wait = this.#nextWait()) {
      const { hold, bytes, onRoom } = wait;
      hold.waits.splice(hold.waits.indexOf(wait), 1);
      this.#leave(wait);
      this.#add(hold, bytes);
      onRoom();
    }
  }

  /** The first that there is room for. */
  #nextWait(): Wait | null {
    const fits = ({ hold, bytes }: Wait) => this.#fits(hold, bytes);
    const paused = this.#growing.first?.waits.find(fits) ?? this.#paused.find(fits);
    if (paused !== null) return paused;
    const account = this.#waiting.find(({ waiting: { first } }) => first !== null && fits(first));
    return account?.waiting.first ?? null;
  }
}
