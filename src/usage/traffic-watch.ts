import type { Clock } from '../domain/clock.ts';
import type { Log } from '../domain/log.ts';
import type { UsageRow } from '../domain/usage.ts';
import { monthOf } from '../domain/usage-summary.ts';
import { bytesBySource, lookAgainMs, paceAfter } from './traffic.ts';
import type { TrafficBook } from './traffic-book.ts';
import type { TrafficLimits } from './traffic-limits.ts';

/** How often what other gateways sent is looked at, ms: at the latest where there is a limit, and for the figures alone. */
const LOOK_EVERY_MS = { limited: 1_000, free: 60_000 };

interface Paced {
  readonly bytes: number;
  /** Bytes a ms. */
  readonly pace: number;
}

export interface WatchOptions {
  tell(): Promise<void>;
  read(month: string): Promise<readonly UsageRow[]>;
  readonly clock: Clock;
  readonly log: Log;
}

/** Looks at what other gateways sent: the sooner, the nearer a limit is. */
export interface TrafficWatch {
  /** Never rejects: what is known holds until the store can be read. */
  look(): Promise<void>;
  close(): void;
}

export function createTrafficWatch(
  { tell, read, clock, log }: WatchOptions,
  book: TrafficBook,
  limits: TrafficLimits,
): TrafficWatch {
  /** What was known of each limited thing at the last look, and its pace until then. */
  let before = { atMs: clock.monotonic(), of: new Map<string | null, Paced>() };
  let isClosed = false;
  const nextMs = () => {
    if (!limits.isLimited()) return LOOK_EVERY_MS.free;
    const atMs = clock.monotonic();
    const of = new Map<string | null, Paced>();
    const soonest = limits.each().map(({ name, limitBytes, bytes }) => {
      const known = before.of.get(name) ?? { bytes, pace: 0 };
      const pace = paceAfter(known.pace, bytes - known.bytes, atMs - before.atMs);
      of.set(name, { bytes, pace });
      return lookAgainMs(limitBytes - bytes, pace);
    });
    before = { atMs, of };
    return Math.min(LOOK_EVERY_MS.limited, ...soonest);
  };
  const look = async () => {
    const month = monthOf(clock.now());
    limits.enter(month);
    try {
      if (limits.isLimited()) await tell();
      const rows = await read(month);
      if (book.month === month) book.learn(bytesBySource(rows));
    } catch (error) {
      log.debug({ err: error }, 'the month’s traffic is looked at later');
    }
    limits.judgeAll();
  };
  const lookIn = (ms: number) => {
    cancel = clock.after(ms, () => void look().then(() => isClosed || lookIn(nextMs())));
  };
  let cancel = () => {};
  lookIn(nextMs());
  return {
    look,
    close: () => {
      isClosed = true;
      cancel();
    },
  };
}
