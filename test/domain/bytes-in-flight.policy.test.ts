import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type AnswerHold,
  type BytesInFlight,
  createBytesInFlight,
} from '../../src/domain/bytes-in-flight.ts';

const never = () => {
  throw new Error('nobody waits');
};

describe('bytes in flight', () => {
  it('an account alone may hold half, and then waits until some of it is gone', () => {
    const memory = createBytesInFlight(100);
    const [first, second, third] = [memory.open('a'), memory.open('a'), memory.open('a')];
    expect(first.grow(30, never)).toBe(true);
    expect(second.grow(20, never)).toBe(true);
    const told: number[] = [];
    expect(third.grow(1, () => told.push(memory.held()))).toBe(false);
    first.settle(29);
    expect(told).toEqual([50]);
    expect(memory.held()).toBe(50);
  });

  it('leaves room for who comes next, however many came before', () => {
    const memory = createBytesInFlight(1_000);
    for (const account of ['a', 'b', 'c', 'd', 'e']) {
      for (let i = 0; i < 1_000; i += 1) {
        const hold = memory.open(account);
        if (hold.grow(1, () => {})) hold.settle(1);
      }
    }
    expect(memory.held()).toBeLessThan(1_000);
    expect(memory.open('f').grow(1, never)).toBe(true);
  });

  it('lets the oldest go on, so that half-read answers never wait for each other', () => {
    const memory = createBytesInFlight(100);
    const holds = Array.from({ length: 10 }, (_, i) => memory.open(`account-${i}`));
    for (const hold of holds) hold.grow(9, () => {});
    const [oldest, reading, next] = holds as [AnswerHold, AnswerHold, AnswerHold];
    const told: string[] = [];
    expect(reading.grow(50, never)).toBe(true);
    expect(next.grow(50, () => told.push('next'))).toBe(false);
    expect(oldest.grow(50, never)).toBe(true);
    oldest.settle(10);
    expect(told).toEqual([]);
    reading.settle(10);
    expect(told).toEqual(['next']);
  });

  it('lets one that is half read go on beside the oldest, which may wait for its connection', () => {
    const memory = createBytesInFlight(100);
    const [oldest, reading, other] = ['a', 'b', 'c'].map((account) => memory.open(account));
    for (const hold of [oldest, reading, other]) expect(hold?.grow(25, never)).toBe(true);
    const told: string[] = [];
    expect(reading?.grow(80, never)).toBe(true);
    expect(reading?.grow(80, never)).toBe(true);
    expect(other?.grow(80, () => told.push('other'))).toBe(false);
    expect(memory.open('d').reserve(1, () => told.push('d'))).toBe(false);
    reading?.release();
    expect(told).toEqual(['other']);
    expect(memory.held()).toBe(130);
  });

  it('does not let the oldest go on while whole answers hold more than half', () => {
    const memory = createBytesInFlight(100);
    for (const account of ['a', 'b']) {
      const hold = memory.open(account);
      hold.grow(1, never);
      hold.settle(account === 'a' ? 50 : 1);
    }
    expect(memory.held()).toBe(51);
    expect(memory.open('c').grow(50, () => {})).toBe(false);
    const relaxed = createBytesInFlight(100);
    relaxed.open('a').settle(50);
    expect(relaxed.open('c').grow(51, never)).toBe(true);
  });

  it('gives room to no more of them than there is room for', () => {
    const memory = createBytesInFlight(100);
    const stalled = memory.open('z');
    stalled.grow(45, never);
    stalled.settle(60);
    const told: number[] = [];
    for (const i of [1, 2, 3]) expect(memory.open(`waiter-${i}`).reserve(45, () => told.push(i))).toBe(false);
    stalled.release();
    expect(told).toEqual([1, 2]);
    expect(memory.held()).toBe(90);
  });

  it('what was reserved is filled before more is asked for', () => {
    const memory = createBytesInFlight(100);
    memory.open('z');
    const hold = memory.open('a');
    expect(hold.reserve(40, never)).toBe(true);
    expect(hold.grow(30, never)).toBe(true);
    expect(memory.held()).toBe(40);
    expect(hold.grow(15, never)).toBe(true);
    expect(memory.held()).toBe(45);
    expect(hold.grow(5, never)).toBe(true);
    expect(memory.held()).toBe(50);
    hold.settle(30);
    expect(memory.held()).toBe(30);
  });

  it('an answer that fits into what was reserved is never paused, however full the memory is', () => {
    const memory = createBytesInFlight(100);
    const full = memory.open('z');
    full.settle(80);
    const hold = memory.open('a');
    expect(hold.reserve(10, never)).toBe(true);
    expect(memory.open('b').reserve(10, () => {})).toBe(true);
    expect(memory.open('c').reserve(1, () => {})).toBe(false);
    expect(hold.grow(9, never)).toBe(true);
    expect(hold.grow(1, never)).toBe(true);
    expect(hold.grow(1, () => {})).toBe(false);
  });

  it("an account's calls begin in the order in which they came, and accounts take turns", () => {
    const memory = createBytesInFlight(1_000);
    const oldest = memory.open('z');
    const stalled = memory.open('y');
    stalled.settle(1_000);
    const told: string[] = [];
    for (const name of ['a1', 'a2', 'a3', 'b1', 'c1', 'b2'])
      memory.open(name.slice(0, 1)).reserve(1, () => told.push(name));
    stalled.release();
    oldest.release();
    expect(told).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'a3']);
  });

  it('no call overtakes one of its own account', () => {
    const memory = createBytesInFlight(100);
    memory.open('z');
    memory.open('a').reserve(46, never);
    const told: string[] = [];
    const first = memory.open('a');
    expect(first.reserve(10, () => told.push('first'))).toBe(false);
    expect(memory.open('a').reserve(5, () => told.push('second'))).toBe(false);
    expect(memory.open('b').reserve(1, never)).toBe(true);
    first.release();
    expect(told).toEqual(['second']);
  });

  it('but the oldest does, however late it asks', () => {
    const memory = createBytesInFlight(100);
    const oldest = memory.open('a');
    memory.open('a').reserve(60, never);
    expect(memory.open('a').reserve(60, () => {})).toBe(false);
    expect(oldest.reserve(60, never)).toBe(true);
  });

  it('a half-read answer that is given room costs its account no turn', () => {
    const memory = createBytesInFlight(1_000);
    const [oldest, full, reading] = [memory.open('z'), memory.open('y'), memory.open('a')];
    reading.grow(1, never);
    full.settle(999);
    const told: string[] = [];
    for (const name of ['a1', 'b1', 'a2']) memory.open(name.slice(0, 1)).reserve(1, () => told.push(name));
    reading.grow(1, () => told.push('reading'));
    full.release();
    oldest.release();
    expect(told).toEqual(['reading', 'a1', 'b1', 'a2']);
  });

  it('half-read answers are given room before those that would begin', () => {
    const memory = createBytesInFlight(100);
    const [oldest, full] = [memory.open('z'), memory.open('y')];
    const [reading, next] = [memory.open('a'), memory.open('b')];
    for (const hold of [reading, next]) hold.grow(1, never);
    full.settle(90);
    const told: string[] = [];
    memory.open('c').reserve(30, () => told.push('begins'));
    reading.grow(30, () => told.push('reading'));
    next.grow(10, () => told.push('next'));
    full.release();
    oldest.release();
    expect(told).toEqual(['reading', 'next', 'begins']);
  });

  it('of two attempts at one call each waits for its own, and what fits is not kept from the other', () => {
    const memory = createBytesInFlight(1_000);
    const [stalled, full, call] = [memory.open('z'), memory.open('y'), memory.open('a')];
    stalled.settle(510);
    full.settle(200);
    const told: string[] = [];
    expect(call.grow(300, () => told.push('first'))).toBe(false);
    expect(call.grow(50, never)).toBe(true);
    expect(call.grow(200, () => told.push('second'))).toBe(false);
    full.release();
    expect([told, memory.held()]).toEqual([['first'], 860]);
    stalled.release();
    expect([told, memory.held()]).toEqual([['first', 'second'], 550]);
  });

  it('gives back once, and what is gone neither grows nor settles', () => {
    const memory = createBytesInFlight(100);
    const [hold, other] = [memory.open('a'), memory.open('b')];
    hold.grow(10, never);
    other.grow(10, never);
    hold.release();
    hold.release();
    hold.settle(40);
    expect(hold.grow(40, never)).toBe(true);
    expect(memory.held()).toBe(10);
    other.settle(20);
    other.settle(30);
    expect([other.grow(40, never), other.reserve(40, never)]).toEqual([true, true]);
    expect(memory.held()).toBe(20);
    other.release();
    expect(memory.held()).toBe(0);
  });

  it("an account's calls count together, whichever of them have gone, and how often they were told to", () => {
    const memory = createBytesInFlight(100);
    memory.open('z');
    const [first, second] = [memory.open('a'), memory.open('a')];
    second.grow(40, never);
    first.release();
    first.release();
    expect(memory.open('a').grow(21, () => {})).toBe(false);
    expect(memory.open('a').grow(20, never)).toBe(true);
  });

  it('one that waits and is let go is given nothing', () => {
    const memory = createBytesInFlight(10);
    const full = memory.open('a');
    full.settle(9);
    const waiter = memory.open('b');
    expect(waiter.grow(5, never)).toBe(false);
    waiter.release();
    full.release();
    expect(memory.held()).toBe(0);
  });

  it('one that is let go by who was told before it is given nothing', () => {
    const memory = createBytesInFlight(100);
    const [oldest, full] = [memory.open('z'), memory.open('a')];
    full.settle(60);
    const waiters = ['b', 'c'].map((account) => memory.open(account));
    expect(waiters[0]?.grow(45, () => waiters[1]?.release())).toBe(false);
    expect(waiters[1]?.grow(45, never)).toBe(false);
    full.release();
    oldest.release();
    expect(memory.held()).toBe(45);
  });

  it('gives to each once, and what has settled neither waits nor is counted twice', () => {
    const memory = createBytesInFlight(100);
    const [oldest, full, waiter] = [memory.open('z'), memory.open('a'), memory.open('b')];
    full.settle(60);
    let told = 0;
    const tell = () => {
      told += 1;
    };
    expect(waiter.grow(45, tell)).toBe(false);
    full.release();
    oldest.release();
    expect([told, memory.held()]).toEqual([1, 45]);
    waiter.release();
    const [big, late] = [memory.open('a'), memory.open('b')];
    big.settle(60);
    expect(late.grow(45, never)).toBe(false);
    late.settle(1);
    big.release();
    expect(memory.held()).toBe(1);
  });

  it('fills up to the last byte', () => {
    const memory = createBytesInFlight(100);
    memory.open('z');
    const hold = memory.open('a');
    expect(hold.grow(50, never)).toBe(true);
    expect(memory.open('b').grow(50, never)).toBe(true);
    expect(memory.open('a').grow(1, () => {})).toBe(false);
  });

  it('over any history: counts what is held, and nobody waits for what is free', () => {
    const move = fc.record({
      who: fc.nat({ max: 11 }),
      what: fc.constantFrom('reserve' as const, 'grow' as const, 'settle' as const, 'release' as const),
      bytes: fc.integer({ min: 1, max: 60 }),
    });
    fc.assert(
      fc.property(fc.array(move, { maxLength: 80 }), (moves) => {
        const memory = createBytesInFlight(100);
        const calls = Array.from({ length: 12 }, (_, i) => new ModelCall(memory, `account-${i % 3}`));
        for (const { who, what, bytes } of moves) {
          (calls[who] as ModelCall)[what](bytes);
          expect(memory.held()).toBe(sum(calls.map((call) => call.bytes)));
          const whole = sum(calls.map((call) => (call.state === 'whole' ? call.bytes : 0)));
          if (whole <= 50) expect(calls.find(({ state }) => state === 'grows')?.waits ?? []).toEqual([]);
          for (const { accountId, waits } of calls) {
            const ofAccount = calls.filter((call) => call.accountId === accountId);
            const free = 100 - memory.held() - sum(ofAccount.map((call) => call.bytes));
            const first = Math.min(...ofAccount.map((call) => call.beginsAs));
            for (const { bytes, beginsAs } of waits)
              if (beginsAs === undefined || beginsAs === first) expect(bytes).toBeGreaterThan(free);
          }
        }
      }),
    );
  });
});

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0);

/** A call as it sees itself: what it was given, and what it waits for. */
class ModelCall {
  static #begun = 0;
  readonly accountId: string;
  readonly #hold: AnswerHold;
  state: 'grows' | 'whole' | 'gone' = 'grows';
  bytes = 0;
  #empty = 0;
  waits: { readonly bytes: number; readonly beginsAs?: number }[] = [];

  constructor(memory: BytesInFlight, accountId: string) {
    this.accountId = accountId;
    this.#hold = memory.open(accountId);
  }

  /** Its turn among those of its account that would begin. */
  get beginsAs(): number {
    return Math.min(...this.waits.map(({ beginsAs }) => beginsAs ?? Infinity));
  }

  reserve(bytes: number): void {
    const isFirst = this.state === 'grows' && this.bytes === 0 && this.waits.length === 0;
    if (!isFirst) return;
    ModelCall.#begun += 1;
    this.#empty += bytes;
    this.#ask({ bytes, beginsAs: ModelCall.#begun }, (onRoom) => this.#hold.reserve(bytes, onRoom));
  }

  grow(bytes: number): void {
    if (this.state !== 'grows' || this.beginsAs < Infinity) return;
    const lacking = Math.max(0, bytes - this.#empty);
    this.#empty -= bytes - lacking;
    this.#ask({ bytes: lacking }, (onRoom) => this.#hold.grow(bytes, onRoom));
  }

  settle(bytes: number): void {
    if (this.state !== 'grows') return;
    Object.assign(this, { state: 'whole', bytes, waits: [] });
    this.#hold.settle(bytes);
  }

  release(): void {
    Object.assign(this, { state: 'gone', bytes: 0, waits: [] });
    this.#hold.release();
  }

  #ask(wait: (typeof this.waits)[number], ask: (onRoom: () => void) => boolean): void {
    const take = () => {
      this.waits = this.waits.filter((other) => other !== wait);
      this.bytes += wait.bytes;
    };
    this.waits.push(wait);
    if (ask(take)) take();
  }
}
