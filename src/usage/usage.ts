import { type Clock, repeat } from '../domain/clock.ts';
import type { Log } from '../domain/log.ts';
import type { Telemetry } from '../domain/telemetry.ts';
import type { UsageRow } from '../domain/usage.ts';
import { createTally, merged } from './tally.ts';
import type { UsageBatch, UsageStore } from './usage-store.ts';

/** How often what was used is told to the store, ms. */
const TELL_EVERY_MS = 1_000;

export interface UsageBook {
  /** Listens to calls and to requests through exits that ended. */
  readonly telemetry: Pick<Telemetry, 'callEnded' | 'attemptEnded'>;
  /**
   * What an account (or `EVERYONE`) used in a month, by day, endpoint and code: this gateway's to the last call, the
   * others' at most a second behind. Rejects while the store cannot be read.
   */
  read(account: string, month: string): Promise<readonly UsageRow[]>;
  /** Tells the store at once what others are to know. Never rejects. */
  tell(): Promise<void>;
  /** Tells the store what is left. Never rejects: what cannot be told then is lost, and said so in the log. */
  close(): Promise<void>;
}

export interface UsageOptions {
  readonly store: UsageStore;
  readonly clock: Clock;
  readonly log: Log;
}

/** Counts in memory and tells the store every second; what it cannot take is told later, and counts once. */
export function createUsage({ store, clock, log }: UsageOptions): UsageBook {
  const tally = createTally();
  let untold: readonly UsageBatch[] = [];
  let number = 1;
  let telling: Promise<void> = Promise.resolve();

  const tell = async () => {
    if (untold.length === 0) {
      untold = tally.take(number);
      number += untold.length;
    }
    const results = await Promise.allSettled(untold.map((batch) => store.add(batch)));
    const refused = results.find((result) => result.status === 'rejected');
    untold = untold.filter((_batch, index) => results[index]?.status === 'rejected');
    if (refused !== undefined) log.debug({ err: refused.reason }, 'usage is told to the store later');
  };
  const tellNow = () => {
    telling = telling.then(tell);
    return telling;
  };
  const stop = repeat(clock, TELL_EVERY_MS, tellNow);

  return {
    telemetry: {
      callEnded: tally.count,
      attemptEnded: (attempt) => tally.countAttempt(attempt, clock.now()),
    },
    read: async (account, month) => {
      await telling;
      const kept = await store.read(account, month);
      const own = untold.filter((batch) => batch.account === account && batch.month === month);
      return merged(kept, ...own.map((batch) => batch.rows), tally.peek(account, month));
    },
    tell: tellNow,
    close: async () => {
      stop();
      await tellNow();
      await tellNow();
      if (untold.length > 0) log.warn({ batches: untold.length }, 'usage of the last moments was not kept');
    },
  };
}
