import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AnswerHold, createBytesInFlight } from '../../src/domain/bytes-in-flight.ts';

const never = () => {
  throw new Error('nobody waits');
};

describe('bytes in flight', () => {
  it('an account alone may hold half, and then waits until some of it is gone', () => {
    const memory = createBytesInFlight(100);
    const [first, second, third] = [memory.open('a'), memory.open('a'), memory.open('a')];
    expect(first.grow(30, never)).toBe(true);
    expect(second.grow(20, never)).toBe(true);
    let woken = 0;
    const wake = () => {
      woken += 1;
    };
    expect(third.grow(1, wake)).toBe(false);
    first.settle(29);
    expect(woken).toBe(1);
    expect(third.grow(1, never)).toBe(true);
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
    const woken: string[] = [];
    expect(reading.grow(50, never)).toBe(true);
    expect(next.grow(50, () => woken.push('next'))).toBe(false);
    expect(oldest.grow(50, never)).toBe(true);
    oldest.settle(10);
    expect(woken).toEqual([]);
    reading.settle(10);
    expect(woken).toEqual(['next']);
    expect(next.grow(50, never)).toBe(true);
  });

  it('lets one that is half read go on beside the oldest, which may wait for its connection', () => {
    const memory = createBytesInFlight(100);
    const [oldest, reading, other] = ['a', 'b', 'c'].map((account) => memory.open(account));
    for (const hold of [oldest, reading, other]) expect(hold?.grow(25, never)).toBe(true);
    const woken: string[] = [];
    expect(reading?.grow(80, never)).toBe(true);
    expect(reading?.grow(80, never)).toBe(true);
    expect(other?.grow(80, () => woken.push('other'))).toBe(false);
    expect(memory.open('d').grow(1, () => woken.push('d'))).toBe(false);
    reading?.release();
    expect(woken).toEqual(['other']);
    expect(other?.grow(80, never)).toBe(true);
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

  it('wakes no more of them than there is room for', () => {
    const memory = createBytesInFlight(100);
    const stalled = memory.open('z');
    stalled.grow(45, never);
    stalled.settle(60);
    const woken: number[] = [];
    for (const i of [1, 2, 3]) expect(memory.open(`waiter-${i}`).grow(45, () => woken.push(i))).toBe(false);
    stalled.release();
    expect(woken).toEqual([1, 2]);
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
    expect(memory.held()).toBe(20);
    other.release();
    expect(memory.held()).toBe(0);
  });

  it('one that waits and is let go is not woken', () => {
    const memory = createBytesInFlight(10);
    const full = memory.open('a');
    full.settle(9);
    const waiter = memory.open('b');
    expect(waiter.grow(5, never)).toBe(false);
    waiter.release();
    full.release();
    expect(memory.held()).toBe(0);
  });

  it('one that is let go by the waking of another is not woken after it', () => {
    const memory = createBytesInFlight(100);
    const [oldest, full] = [memory.open('z'), memory.open('a')];
    full.settle(60);
    const waiters = ['b', 'c'].map((account) => memory.open(account));
    expect(waiters[0]?.grow(45, () => waiters[1]?.release())).toBe(false);
    expect(waiters[1]?.grow(45, never)).toBe(false);
    full.release();
    oldest.release();
    expect(memory.held()).toBe(0);
  });

  it('wakes each once, and what has settled neither waits nor is counted twice', () => {
    const memory = createBytesInFlight(100);
    const [oldest, full, waiter] = [memory.open('z'), memory.open('a'), memory.open('b')];
    full.settle(60);
    let woken = 0;
    const wake = () => {
      woken += 1;
    };
    expect(waiter.grow(45, wake)).toBe(false);
    full.release();
    oldest.release();
    expect(woken).toBe(1);
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

  it('over any history: counts what is held, and everyone who may go on is told', () => {
    const move = fc.record({
      who: fc.nat({ max: 7 }),
      what: fc.constantFrom('grow' as const, 'settle' as const, 'release' as const),
      bytes: fc.integer({ min: 1, max: 60 }),
    });
    fc.assert(
      fc.property(fc.array(move, { maxLength: 60 }), (moves) => {
        const memory = createBytesInFlight(100);
        const calls = Array.from({ length: 8 }, (_, i) => ({
          hold: memory.open(`account-${i % 3}`),
          bytes: 0,
          waits: 0,
          state: 'grows',
        }));
        const grow = (call: (typeof calls)[number], bytes: number) => {
          const granted = call.hold.grow(bytes, () => {
            call.waits = 0;
            grow(call, bytes);
          });
          if (granted) call.bytes += bytes;
          else call.waits = bytes;
        };
        for (const { who, what, bytes } of moves) {
          const call = calls[who];
          if (call === undefined || call.state === 'gone') continue;
          if (what === 'grow' && call.state === 'grows' && call.waits === 0) grow(call, bytes);
          if (what === 'settle' && call.state === 'grows') {
            Object.assign(call, { state: 'whole', waits: 0, bytes });
            call.hold.settle(bytes);
          }
          if (what === 'release') {
            Object.assign(call, { state: 'gone', waits: 0, bytes: 0 });
            call.hold.release();
          }
          expect(memory.held()).toBe(calls.reduce((sum, { bytes }) => sum + bytes, 0));
          const whole = calls.reduce((sum, { state, bytes }) => sum + (state === 'whole' ? bytes : 0), 0);
          const oldest = calls.find(({ state }) => state === 'grows');
          if (whole <= 50) expect(oldest?.waits ?? 0).toBe(0);
        }
      }),
    );
  });
});
