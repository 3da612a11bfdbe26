import FakeTimers from '@sinonjs/fake-timers';
import type { Cancel } from '../../../src/domain/clock.ts';

/** Virtual time, for one run after the other. Nothing waits for real. */
export interface Time {
  /** Ms since the run began. */
  now(): number;
  /** Runs `work` once, `ms` from now. */
  after(ms: number, work: () => void): Cancel;
  /** Lets time pass until `untilMs`. One timer runs at a time, and all that it sets off has settled before the next. */
  passUntil(untilMs: number): Promise<void>;
  /** Lets time pass until `work` settles; rejects when that takes longer than `limitMs`. */
  passWhile<Result>(work: Promise<Result>, limitMs: number): Promise<Result>;
  /** Timers that have not run, whoever set them. */
  pending(): number;
}

const realImmediate = setImmediate;
let immediates = 0;

/** Counts what is due in the check phase, so that it is known when nothing is left. */
function countImmediates(): void {
  const counted = (work: (...args: unknown[]) => void, ...args: unknown[]) => {
    immediates += 1;
    const handle = realImmediate(() => {
      due.delete(handle);
      immediates -= 1;
      work(...args);
    });
    due.add(handle);
    return handle;
  };
  const due = new Set<NodeJS.Immediate>();
  const realClear = clearImmediate;
  globalThis.setImmediate = Object.assign(counted, { __promisify__: realImmediate.__promisify__ }) as never;
  globalThis.clearImmediate = (handle) => {
    if (handle !== undefined && due.delete(handle)) immediates -= 1;
    realClear(handle);
  };
}

const turn = () => new Promise<void>((resolve) => void realImmediate(resolve));

/** Whatever is to happen without time passing has happened: promises, streams and the check phase included. */
export async function settled(): Promise<void> {
  do await turn();
  while (immediates > 0);
}

let installed: ReturnType<typeof FakeTimers.install> | null = null;

/**
 * Takes over the timers of this process, for good: libraries that keep a timer of their own (undici's clock) must
 * find the same one in every run. Each run counts from its own beginning.
 */
export function createTime(): Time {
  if (installed === null) {
    installed = FakeTimers.install({
      now: Date.UTC(2026, 0, 1),
      toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'],
      ignoreMissingTimers: true,
    });
    countImmediates();
  }
  const timers = installed;
  const startMs = timers.now;
  const now = () => timers.now - startMs;
  const passUntil = async (untilMs: number) => {
    await settled();
    let isOver = false;
    timers.setTimeout(() => {
      isOver = true;
    }, untilMs - now());
    while (!isOver) {
      timers.next();
      await settled();
    }
  };
  return {
    now,
    after: (ms, work) => {
      // Fractions are dropped by the timers below, and no clock may run one early.
      const timer = timers.setTimeout(work, Math.ceil(Math.max(0, ms)));
      return () => timers.clearTimeout(timer);
    },
    passUntil,
    passWhile: async (work, limitMs) => {
      let isOver = false;
      const end = () => {
        isOver = true;
      };
      work.then(end, end);
      const untilMs = now() + limitMs;
      await settled();
      while (!isOver) {
        if (now() > untilMs || timers.countTimers() === 0)
          throw new Error(`nothing came of it in ${limitMs} ms`);
        timers.next();
        await settled();
      }
      return work;
    },
    pending: () => timers.countTimers(),
  };
}
