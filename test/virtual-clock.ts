import type { Clock } from '../src/domain/clock.ts';

/** A clock whose time passes only when a test says so; timers run in their order. */
export interface VirtualClock extends Clock {
  /** Lets `ms` pass. What each timer sets off has settled before the next one runs. */
  pass(ms: number): Promise<void>;
  /** Sets the calendar alone, ms ahead or back. */
  jump(ms: number): void;
  /** Time passes and no timer runs: the loop is busy, or the process stopped. */
  stall(ms: number): void;
  /** Timers that have not run. */
  pending(): number;
}

interface Timer {
  readonly atMs: number;
  readonly order: number;
  readonly work: () => void;
}

export function createVirtualClock(startMs = Date.parse('2026-06-15T12:00:00Z')): VirtualClock {
  let nowMs = 0;
  let calendarMs = startMs;
  let order = 0;
  const timers = new Set<Timer>();
  const next = (untilMs: number) =>
    [...timers].filter(({ atMs }) => atMs <= untilMs).sort((a, b) => a.atMs - b.atMs || a.order - b.order)[0];

  return {
    now: () => nowMs + calendarMs,
    monotonic: () => nowMs,
    after: (ms, work) => {
      order += 1;
      const timer = { atMs: nowMs + Math.max(0, ms), order, work };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    pass: async (ms) => {
      const untilMs = nowMs + ms;
      await settled();
      for (let timer = next(untilMs); timer !== undefined; timer = next(untilMs)) {
        timers.delete(timer);
        nowMs = Math.max(nowMs, timer.atMs);
        timer.work();
        await settled();
      }
      nowMs = untilMs;
    },
    jump: (ms) => {
      calendarMs += ms;
    },
    stall: (ms) => {
      nowMs += ms;
    },
    pending: () => timers.size,
  };
}

/** The same clock, and how long each timer set on it from now on was to wait, ms. */
export function notingWaits(virtual: VirtualClock): {
  readonly clock: VirtualClock;
  readonly waits: number[];
} {
  const waits: number[] = [];
  const after: VirtualClock['after'] = (ms, work) => {
    waits.push(ms);
    return virtual.after(ms, work);
  };
  return { clock: { ...virtual, after }, waits };
}

/** Whatever is to happen without time passing has happened. */
export async function settled(): Promise<void> {
  for (let i = 0; i < 30; i += 1) await Promise.resolve();
}
