import type { Log } from '../domain/log.ts';
import { GB, type Traffic } from '../domain/traffic.ts';
import { trafficOf } from './traffic.ts';

/** What is known of one month: bytes by entry of the list, each against its limit, and all together against theirs. */
export interface TrafficBook {
  readonly month: string;
  bytes(): number;
  bytesOf(source: string): number;
  /** Entries that sent anything. */
  sources(): Iterable<string>;
  /** Another month begins with nothing sent. */
  enter(month: string): void;
  add(source: string, bytes: number): void;
  /** What all gateways sent. Of what is known and what is told the larger stands: bytes only grow within a month. */
  learn(bytes: ReadonlyMap<string, number>): void;
  /** How far `bytes` of something with a limit are; said once a change. `source`: null for all together. */
  judge(source: string | null, limitGb: number): Traffic;
}

export function createTrafficBook(log: Log): TrafficBook {
  let month = '';
  let known: Map<string, number> = new Map();
  let total = 0;
  const told = new Map<string | null, Traffic>();
  const add = (source: string, bytes: number) => {
    known.set(source, (known.get(source) ?? 0) + bytes);
    total += bytes;
  };
  const tell = (source: string | null, traffic: Traffic, bytes: number, limitGb: number) => {
    const figures = { month, gb: Math.round(bytes / 1e6) / 1_000, limit_gb: limitGb };
    const which = source === null ? figures : { source, ...figures };
    if (traffic === 'near') log.warn(which, WORDS.near[source === null ? 'all' : 'one']);
    if (traffic === 'used up') log.error(which, WORDS['used up'][source === null ? 'all' : 'one']);
  };

  return {
    get month() {
      return month;
    },
    bytes: () => total,
    bytesOf: (source) => known.get(source) ?? 0,
    sources: () => known.keys(),
    enter: (other) => {
      month = other;
      known = new Map();
      total = 0;
      told.clear();
    },
    add,
    learn: (bytes) => {
      for (const [source, told] of bytes) add(source, Math.max(0, told - (known.get(source) ?? 0)));
    },
    judge: (source, limitGb) => {
      const bytes = source === null ? total : (known.get(source) ?? 0);
      const traffic = trafficOf(bytes, limitGb * GB);
      if (traffic !== (told.get(source) ?? 'within')) tell(source, traffic, bytes, limitGb);
      told.set(source, traffic);
      return traffic;
    },
  };
}

const WORDS = {
  near: {
    all: 'four fifths of the month’s traffic through exits are used',
    one: 'four fifths of the month’s traffic through an entry’s exits are used',
  },
  'used up': {
    all: 'the month’s traffic through exits is used up: no call leaves',
    one: 'the month’s traffic through an entry’s exits is used up: no call leaves by them',
  },
} as const;
