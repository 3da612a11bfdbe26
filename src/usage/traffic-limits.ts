import { GB, type SourceTerms, type Traffic } from '../domain/traffic.ts';
import { trafficOf } from './traffic.ts';
import type { TrafficBook } from './traffic-book.ts';

/** An entry's month. */
export interface SourceTraffic {
  readonly source: string;
  readonly bytes: number;
  /** Null where it has none. */
  readonly limitBytes: number | null;
  readonly traffic: Traffic;
}

export interface LimitsOptions {
  readonly limitGb: number | null;
  terms(): ReadonlyMap<string, SourceTerms>;
  stopSources(sources: ReadonlySet<string>): void;
}

/** A limit, and what is known of what it is for; `name`: null for all together. */
interface Against {
  readonly name: string | null;
  readonly limitBytes: number;
  readonly bytes: number;
}

/** The limits of all together and of each entry, and which entries are stopped by theirs. */
export interface TrafficLimits {
  /** Another month: nothing is stopped, and nothing was sent. */
  enter(month: string): void;
  /** Something was sent by this entry. */
  judge(source: string): void;
  /** Each entry anew: what is known, or the list, may be another by now. */
  judgeAll(): void;
  isLimited(): boolean;
  each(): readonly Against[];
  of(source: string): SourceTraffic;
}

export function createTrafficLimits(
  { limitGb, terms, stopSources }: LimitsOptions,
  book: TrafficBook,
): TrafficLimits {
  let stopped: ReadonlySet<string> = new Set();
  const limitOf = (source: string) => terms().get(source)?.gbPerMonth ?? null;
  const stop = (sources: ReadonlySet<string>) => {
    if (sources.symmetricDifference(stopped).size === 0) return;
    stopped = sources;
    stopSources(sources);
  };
  const isUsedUp = (source: string) => {
    const limit = limitOf(source);
    return limit !== null && book.judge(source, limit) === 'used up';
  };
  const judgeTotal = () => limitGb !== null && book.judge(null, limitGb);
  return {
    enter: (month) => {
      if (month === book.month) return;
      book.enter(month);
      stop(new Set());
    },
    judge: (source) => {
      judgeTotal();
      if (isUsedUp(source)) stop(new Set([...stopped, source]));
    },
    judgeAll: () => {
      judgeTotal();
      stop(new Set([...terms().keys()].filter(isUsedUp)));
    },
    isLimited: () => limitGb !== null || [...terms().values()].some(({ gbPerMonth }) => gbPerMonth !== null),
    each: () => [
      ...(limitGb === null ? [] : [{ name: null, limitBytes: limitGb * GB, bytes: book.bytes() }]),
      ...[...terms()].flatMap(([name, { gbPerMonth }]) =>
        gbPerMonth === null ? [] : [{ name, limitBytes: gbPerMonth * GB, bytes: book.bytesOf(name) }],
      ),
    ],
    of: (source) => {
      const limit = limitOf(source);
      const bytes = book.bytesOf(source);
      if (limit === null) return { source, bytes, limitBytes: null, traffic: 'within' };
      return { source, bytes, limitBytes: limit * GB, traffic: trafficOf(bytes, limit * GB) };
    },
  };
}
