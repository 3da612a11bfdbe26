import type { Cancel, Clock } from '../../../src/domain/clock.ts';
import type { Time } from './time.ts';

/** What one gateway runs on: its clocks and its loop, which may jump, stand still or die. */
export interface Machine {
  readonly clock: Clock;
  /** Something arrives over a socket: `work` runs when the loop listens. */
  deliver(work: () => void): void;
  /** Sets the calendar ahead or back. */
  jump(ms: number): void;
  /** The loop does nothing for `ms`: a long garbage collection, or a process that is stopped. */
  stall(ms: number): void;
  /** The process is gone: nothing of it ever runs again. */
  kill(): void;
  readonly isDead: boolean;
  /** Runs `work` when the process ends, as the kernel closes what it had open; `off` forgets it. */
  onKill(work: () => void): { off(): void };
}

/** `epochMs`: what its calendar says at the beginning of the run. */
export function createMachine(time: Time, epochMs: number): Machine {
  let calendarMs = epochMs;
  let isDead = false;
  let stalledUntilMs = 0;
  /** What became due while the loop stood still. */
  const dueTimers: (() => void)[] = [];
  const arrived: (() => void)[] = [];
  const kernel = new Set<() => void>();
  const timers = new Set<Cancel>();
  const isStalled = () => time.now() < stalledUntilMs;

  // As a loop does after a long phase: timers first, then what the sockets have.
  const goOn = () => {
    if (isStalled() || isDead) return;
    for (const work of dueTimers.splice(0)) work();
    for (const work of arrived.splice(0)) work();
  };
  const runIn = (queue: (() => void)[], work: () => void) => {
    if (isDead) return;
    if (isStalled()) queue.push(work);
    else work();
  };

  return {
    clock: {
      now: () => time.now() + calendarMs,
      monotonic: () => time.now() + 1_000,
      after: (ms, work) => {
        let isCancelled = false;
        const cancelTimer = time.after(ms, () => {
          timers.delete(cancel);
          runIn(dueTimers, () => isCancelled || work());
        });
        const cancel = () => {
          isCancelled = true;
          timers.delete(cancel);
          cancelTimer();
        };
        timers.add(cancel);
        return cancel;
      },
    },
    deliver: (work) => runIn(arrived, work),
    jump: (ms) => {
      calendarMs += ms;
    },
    stall: (ms) => {
      stalledUntilMs = Math.max(stalledUntilMs, time.now() + ms);
      time.after(ms, goOn);
    },
    kill: () => {
      isDead = true;
      for (const work of [...kernel]) work();
      kernel.clear();
      for (const cancel of [...timers]) cancel();
    },
    onKill: (work) => {
      kernel.add(work);
      return { off: () => void kernel.delete(work) };
    },
    get isDead() {
      return isDead;
    },
  };
}
