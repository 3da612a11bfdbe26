import type { Clock } from '../domain/clock.ts';
import { Failure } from '../domain/failure.ts';
import type { Log } from '../domain/log.ts';
import { isPaid, type Telemetry } from '../domain/telemetry.ts';
import { GB, type SourceTerms } from '../domain/traffic.ts';
import type { Upstream } from '../domain/upstream.ts';
import type { UsageRow } from '../domain/usage.ts';
import { monthOf } from '../domain/usage-summary.ts';
import { createTrafficBook } from './traffic-book.ts';
import { createTrafficLimits, type SourceTraffic } from './traffic-limits.ts';
import { createTrafficWatch } from './traffic-watch.ts';

/** A month may end late, and its operator may buy more before. */
const LONGEST_WAIT_MS = 3_600_000;

export interface TrafficBudgetOptions {
  /** `EGRESS_GB_PER_MONTH`; null for no limit. */
  readonly limitGb: number | null;
  /** What the entries of the list say, by their labels. */
  terms(): ReadonlyMap<string, SourceTerms>;
  /** Tells the store at once what this gateway sent. Never rejects. */
  tell(): Promise<void>;
  /** What all gateways sent through paid exits in a month, this one's to the last request. */
  read(month: string): Promise<readonly UsageRow[]>;
  /** From now on the months of these entries, and of no others, are used up. */
  stopSources(sources: ReadonlySet<string>): void;
  readonly clock: Clock;
  readonly log: Log;
}

/** What exits may carry in a month, over all gateways that share a store and over restarts. */
export interface TrafficBudget {
  /** Listens to requests through exits. */
  readonly telemetry: Pick<Telemetry, 'attemptEnded'>;
  /** Bytes of the month through paid exits, as far as they are known. */
  monthBytes(): number;
  /** The same by entry: those of the list, and those that sent something before they left it. */
  sources(): readonly SourceTraffic[];
  /** `upstream`, which is asked nothing more once the month's traffic is used up: `exits_exhausted` then. */
  bound<Bounded extends Upstream>(upstream: Bounded): Bounded;
  /** Knows what was sent before this start; never rejects. */
  ready(): Promise<void>;
  close(): void;
}

export function createTrafficBudget(options: TrafficBudgetOptions): TrafficBudget {
  const { limitGb, terms, clock, log } = options;
  const book = createTrafficBook(log);
  const limits = createTrafficLimits(options, book);
  const watch = createTrafficWatch(options, book, limits);

  return {
    telemetry: {
      attemptEnded: (attempt) => {
        if (!isPaid(attempt)) return;
        limits.enter(monthOf(clock.now()));
        book.add(attempt.source, attempt.bytesUp + attempt.bytesDown);
        limits.judge(attempt.source);
      },
    },
    monthBytes: () => (book.month === monthOf(clock.now()) ? book.bytes() : 0),
    sources: () => [...new Set([...terms().keys(), ...book.sources()])].map((source) => limits.of(source)),
    bound: (upstream) => ({
      ...upstream,
      get: (request, call) => {
        if (limitGb === null || book.bytes() < limitGb * GB) return upstream.get(request, call);
        const nowMs = clock.now();
        if (book.month !== monthOf(nowMs)) return upstream.get(request, call);
        return Promise.reject(usedUp(nowMs));
      },
    }),
    ready: watch.look,
    close: watch.close,
  };
}

function usedUp(nowMs: number): Failure {
  const endMs = Date.parse(monthOf(nowMs, -1));
  return new Failure(
    'exits_exhausted',
    'What this gateway may send through its exits this month is used up.',
    { retryAfterMs: Math.min(endMs - nowMs, LONGEST_WAIT_MS) },
  );
}
