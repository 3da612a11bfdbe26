import { beforeEach, describe, expect, it } from 'vitest';
import { AwayError, createHealth, type Health } from '../../src/store/health.ts';
import { createServerClock } from '../../src/store/server-clock.ts';
import { createVirtualClock, settled, type VirtualClock } from '../virtual-clock.ts';

const never = new Promise<never>(() => {});

describe('the health of a server', () => {
  let clock: VirtualClock;
  let probes: { answer(): void; refuse(error: Error): void }[];
  let backs: boolean[];
  let health: Health;
  /** Everything that has come over the sockets is read here, behind the timers. */
  let unread: (() => void)[];

  beforeEach(() => {
    clock = createVirtualClock();
    probes = [];
    backs = [];
    unread = [];
    health = createHealth({
      clock,
      awayAfterMs: 50,
      afterPoll: (work) => {
        for (const read of unread.splice(0)) read();
        // Promises settle before the check phase, as they do in Node.
        void settled().then(work);
      },
      probe: () =>
        new Promise((resolve, reject) => probes.push({ answer: () => resolve(0), refuse: reject })),
      onBack: (wasLost) => backs.push(wasLost),
    });
  });

  const outcome = (answer: Promise<unknown>) => {
    const seen: { value: unknown } = { value: 'waiting' };
    health.watch(answer).then(
      (value) => {
        seen.value = value;
      },
      (error) => {
        seen.value = error;
      },
    );
    return seen;
  };

  it('is a verdict after 50 ms of silence, and for all that wait', async () => {
    const first = outcome(never);
    await clock.pass(30);
    const second = outcome(never);
    await clock.pass(15);
    expect([first.value, health.isAway()]).toEqual(['waiting', false]);
    await clock.pass(15);
    expect(first.value).toBeInstanceOf(AwayError);
    expect(second.value).toBeInstanceOf(AwayError);
    expect(health.isAway()).toBe(true);
  });

  it('does not take a late loop for a server that is away', async () => {
    const answers: ((value: string) => void)[] = [];
    const seen = outcome(new Promise((resolve) => answers.push(resolve)));
    await clock.pass(5);
    for (let i = 0; i < 4; i += 1) {
      clock.stall(500);
      await clock.pass(0);
      expect(seen.value).toBe('waiting');
    }
    unread.push(() => answers[0]?.('answer'));
    await clock.pass(40);
    expect([seen.value, health.isAway()]).toEqual(['answer', false]);
  });

  it('reads what has come before it judges', async () => {
    let answer: (value: string) => void = () => {};
    const seen = outcome(
      new Promise<string>((resolve) => {
        answer = resolve;
      }),
    );
    await clock.pass(45);
    unread.push(() => answer('just in time'));
    await clock.pass(20);
    expect([seen.value, health.isAway()]).toEqual(['just in time', false]);
  });

  it('does not take a slow server for one that is away: it answers others', async () => {
    const seen = outcome(never);
    for (let i = 0; i < 10; i += 1) {
      await clock.pass(30);
      outcome(Promise.resolve('other'));
    }
    expect([seen.value, health.isAway()]).toEqual(['waiting', false]);
    await clock.pass(60);
    expect(health.isAway()).toBe(true);
  });

  it('has nothing to judge while nothing is asked', async () => {
    expect(outcome(Promise.resolve('answer')).value).toBe('waiting');
    await clock.pass(10_000);
    expect(health.isAway()).toBe(false);
    const seen = outcome(never);
    await clock.pass(40);
    expect(seen.value).toBe('waiting');
  });

  it('asks with one probe at a time, and is back with the first that could write', async () => {
    outcome(never);
    await clock.pass(60);
    expect(probes).toHaveLength(0);
    await clock.pass(100);
    expect(probes).toHaveLength(1);
    await clock.pass(900);
    expect(probes, 'no second one beside it').toHaveLength(1);
    await clock.pass(1_000);
    expect(probes, 'one that stays without an answer is given up').toHaveLength(2);
    probes[1]?.refuse(new Error('READONLY'));
    await settled();
    expect(health.isAway()).toBe(true);
    expect(health.awayError().cause).toEqual(new Error('READONLY'));
    await clock.pass(100);
    probes[2]?.answer();
    await settled();
    expect([health.isAway(), backs]).toEqual([false, [false]]);
    await clock.pass(5_000);
    expect(probes).toHaveLength(3);
  });

  it('is back with a late answer after a silence, not after a loss', async () => {
    let answer: (value: string) => void = () => {};
    const late = new Promise<string>((resolve) => {
      answer = resolve;
    });
    outcome(late);
    await clock.pass(60);
    expect(health.isAway()).toBe(true);
    answer('late');
    await settled();
    expect([health.isAway(), backs]).toEqual([false, [false]]);

    let second: (value: string) => void = () => {};
    outcome(
      new Promise((resolve) => {
        second = resolve;
      }),
    );
    health.lose(new Error('closed'));
    second('late');
    await settled();
    expect(health.isAway()).toBe(true);
    health.tryNow();
    probes[0]?.answer();
    await settled();
    expect([health.isAway(), backs]).toEqual([false, [false, true]]);
  });

  it('a lost connection is a verdict at once', async () => {
    const seen = outcome(never);
    health.lose(new Error('closed'));
    await settled();
    expect(seen.value).toBeInstanceOf(AwayError);
    expect((seen.value as Error).cause).toEqual(new Error('closed'));
  });

  it('says why', async () => {
    expect(health.awayError().message).toBe('the store is away');
    const silent = outcome(never);
    await clock.pass(60);
    expect((silent.value as Error).message).toBe('the store does not answer');
    expect((silent.value as Error).name).toBe('AwayError');
    expect(health.awayError().cause).toBe(silent.value);
    const lost = outcome(never);
    health.lose(null);
    await settled();
    expect((lost.value as Error).message).toBe('the store cannot serve');
  });

  it('falls at 50 ms, not before', async () => {
    const seen = outcome(never);
    await clock.pass(49);
    expect(seen.value).toBe('waiting');
    await clock.pass(1);
    expect(seen.value).toBeInstanceOf(AwayError);
  });

  it('looks with one timer while something is asked, and with none else', async () => {
    let answer: (value: string) => void = () => {};
    outcome(
      new Promise((resolve) => {
        answer = resolve;
      }),
    );
    outcome(never);
    expect(clock.pending()).toBe(1);
    health.lose(new Error('closed'));
    health.tryNow();
    probes[0]?.answer();
    answer('late');
    await clock.pass(5);
    expect([health.isAway(), clock.pending()]).toEqual([false, 0]);
    outcome(never);
    await clock.pass(5);
    expect(clock.pending()).toBe(1);
    health.close();
    await clock.pass(5);
    expect(clock.pending()).toBe(0);
  });

  it('asks no more once it is back or closed', async () => {
    health.lose(new Error('closed'));
    health.tryNow();
    health.tryNow();
    probes[0]?.answer();
    await settled();
    probes[1]?.refuse(new Error('too late'));
    await clock.pass(5_000);
    expect(probes).toHaveLength(2);
    health.close();
    health.lose(new Error('closed'));
    await clock.pass(5_000);
    expect(probes).toHaveLength(2);
  });

  it('asks again soon after a refusal, and only then', async () => {
    health.lose(new Error('closed'));
    await clock.pass(99);
    expect(probes).toHaveLength(0);
    await clock.pass(1);
    probes[0]?.refuse(new Error('LOADING'));
    await clock.pass(99);
    expect(probes).toHaveLength(1);
    await clock.pass(1);
    expect(probes).toHaveLength(2);
  });

  it('passes on what the server says', async () => {
    const seen = outcome(Promise.reject(new Error('WRONGTYPE')));
    await settled();
    expect(seen.value).toEqual(new Error('WRONGTYPE'));
    expect(health.isAway()).toBe(false);
  });

  it('tries nothing when there is nothing to find out, nor when it is closed', async () => {
    health.tryNow();
    expect(probes).toHaveLength(0);
    outcome(never);
    await clock.pass(60);
    health.close();
    await clock.pass(5_000);
    expect(probes).toHaveLength(0);
    health.tryNow();
    probes[0]?.answer();
    await settled();
    expect(backs).toEqual([]);
  });
});

describe('the clock of a server', () => {
  it('is known from its answers, at the latest time it can be', () => {
    const server = createServerClock();
    expect(server.guess(0)).toBeNull();
    server.learn(10_030, 1_000);
    expect(server.guess(1_500)).toBe(10_530);
    server.learn(10_505, 1_500);
    expect(server.guess(2_000)).toBe(11_005);
  });

  it('follows one that runs faster, a little with each answer', () => {
    const server = createServerClock();
    server.learn(1_000, 0);
    server.learn(1_600, 500);
    expect(server.guess(500)).toBe(1_501);
  });

  it('believes one that was set back at once, and one set ahead when told to', () => {
    const server = createServerClock();
    server.learn(5_000_000, 0);
    server.learn(1_000_100, 100);
    expect(server.guess(100)).toBe(1_000_100);
    server.relearn(9_000_000, 200);
    expect(server.guess(200)).toBe(9_000_000);
  });
});
