import { type Counts, isUntold, newCounts } from './counts.ts';
import { periodBefore } from './period.ts';

/** A month that nobody has called in for so long is forgotten; the grant is for accounts heard of since then. */
const KEPT_MS = 3_600_000;
/** How many of the oldest are looked at with each use, so that no call pays for all. */
const LOOKED_AT = 2;
/** A step that got no answer may still be counted for so long, ms; what is heard later is the last word. */
const LOST_MS = 200;

/** The month of one account. */
export interface Month {
  readonly accountId: string;
  readonly period: string;
  readonly counts: Counts;
  /** Of this gateway alone: what it counts anew is not to be taken for what it had counted before it forgot. */
  readonly life: number;
  usedAtMs: number;
  /** When the store answered last; on the clock that never goes back. */
  heardAtMs: number;
  /** Until then a step that got no answer may still be counted; 0 when none is open. */
  unsureUntilMs: number;
  /** Whether those who list months know of it. */
  isNoted: boolean;
}

/** The months that this gateway has spent in lately, and of which of them the store has to hear. */
export interface Months {
  find(accountId: string, period: string): Month | null;
  /** The same, made where it is new, and kept for another hour. */
  open(accountId: string, period: string): Month;
  /** Whether the store told of the account within the last hour, in this month or the one before. */
  isKnown(accountId: string, period: string): boolean;
  /** A step of this month got no answer. */
  lose(month: Month): void;
  /** The store answered about this month. */
  hear(month: Month): void;
  /** To be called after every change: whether the store has to hear of it is noted. */
  settle(month: Month): void;
  /** Whether the store has to be asked, were it only to learn how a lost step ended. */
  isOwed(month: Month): boolean;
  owed(): readonly Month[];
  /** All that were used in the last `ms`: what a failover may have forgotten. */
  usedWithin(ms: number): readonly Month[];
}

/** `forget` is told of each month that is dropped. Times are of a clock that never goes back, ms. */
export function createMonths(monotonic: () => number, forget: (month: Month) => void): Months {
  /** The one used longest ago first. */
  const months = new Map<string, Month>();
  const owed = new Set<Month>();
  let lives = 0;
  const nameOf = (accountId: string, period: string) => `${accountId} ${period}`;
  const find = (accountId: string, period: string) => months.get(nameOf(accountId, period)) ?? null;
  const isOwed = ({ counts, unsureUntilMs }: Month) => isUntold(counts) || unsureUntilMs > 0;
  const isSince = (timeMs: number | undefined) => timeMs !== undefined && timeMs > monotonic() - KEPT_MS;

  const forgetOld = () => {
    for (const [name, month] of [...firstOf(months, LOOKED_AT)]) {
      if (isSince(month.usedAtMs) || isOwed(month)) continue;
      months.delete(name);
      forget(month);
    }
  };

  return {
    find,
    isOwed,
    open: (accountId, period) => {
      const name = nameOf(accountId, period);
      const known = months.get(name);
      if (known === undefined) lives += 1;
      const month = known ?? newMonth(accountId, period, lives);
      month.usedAtMs = monotonic();
      months.delete(name);
      months.set(name, month);
      forgetOld();
      return month;
    },
    isKnown: (accountId, period) =>
      isSince(find(accountId, period)?.heardAtMs) ||
      isSince(find(accountId, periodBefore(period))?.heardAtMs),
    lose: (month) => {
      month.unsureUntilMs = monotonic() + LOST_MS;
      owed.add(month);
    },
    hear: (month) => {
      month.heardAtMs = monotonic();
    },
    settle: (month) => {
      if (monotonic() >= month.unsureUntilMs) month.unsureUntilMs = 0;
      if (isOwed(month)) owed.add(month);
      else owed.delete(month);
    },
    owed: () => [...owed],
    usedWithin: (ms) => [...months.values()].filter(({ usedAtMs }) => usedAtMs > monotonic() - ms),
  };
}

const newMonth = (accountId: string, period: string, life: number): Month => ({
  accountId,
  period,
  counts: newCounts(),
  life,
  usedAtMs: 0,
  heardAtMs: Number.NEGATIVE_INFINITY,
  unsureUntilMs: 0,
  isNoted: false,
});

function* firstOf<Key, Value>(map: ReadonlyMap<Key, Value>, count: number): Iterable<[Key, Value]> {
  let left = count;
  for (const entry of map) {
    if (left === 0) return;
    left -= 1;
    yield entry;
  }
}
