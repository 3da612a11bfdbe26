import type { Cancel, Clock } from '../domain/clock.ts';
import type { Log } from '../domain/log.ts';
import { toldOf } from './counts.ts';
import type { Fleet } from './fleet.ts';
import type { Lines } from './lines.ts';
import type { Month, Months } from './months.ts';
import type { Steps } from './steps.ts';

/** How many months are told at once. */
const AT_ONCE = 100;
/** When what could not be told is tried again, ms. */
const RETRY_MS = 250;
/** What was counted so lately may have been forgotten by a failover, ms. */
const FAILOVER_MS = 10_000;

/** What the store has to hear: calls served without it, calls given back, how lost steps ended. */
export interface Debts {
  /** Tells what is owed in `ms`, and again until all of it is told. */
  tellIn(ms: number): void;
  /** Tells all that is owed, and after that leaves this gateway's part in the totals. Rejects when the store is away. */
  settle(): Promise<void>;
}

interface DebtsOptions {
  readonly fleet: Fleet;
  readonly steps: Steps;
  readonly months: Months;
  readonly lines: Lines<unknown>;
  readonly clock: Clock;
  readonly log: Log;
}

export function createDebts({ fleet, steps, months, lines, clock, log }: DebtsOptions): Debts {
  let cancel: Cancel = () => {};
  let isTelling = false;
  let isSettled = false;

  const tell = async (month: Month): Promise<void> => {
    const { accountId, period, counts } = month;
    const { debt } = counts;
    await lines.alone(accountId, async () => {
      await steps.ask(accountId, () => tellOf(month));
    });
    if (debt > 0 && counts.debt === 0)
      log.info({ account: accountId, period, calls: debt }, 'what the store had not heard was told');
  };

  const inParts = async (all: readonly Month[], work: (month: Month) => Promise<void>) => {
    for (let i = 0; i < all.length; i += AT_ONCE) await Promise.all(all.slice(i, i + AT_ONCE).map(work));
  };

  const tellNow = async (wanted: readonly Month[]) => {
    if (isTelling) return;
    isTelling = true;
    // The store is away: what is owed stays owed.
    await inParts(wanted, tell).catch(() => {});
    isTelling = false;
    if (months.owed().length > 0) tellIn(RETRY_MS);
  };

  const tellIn = (ms: number) => {
    if (isSettled) return;
    cancel();
    cancel = clock.after(ms, () => void tellNow(months.owed()));
  };

  fleet.onBack((wasLost) => {
    const forgotten = wasLost ? months.usedWithin(FAILOVER_MS) : [];
    // That there is such a month may be forgotten as well.
    for (const month of forgotten) month.isNoted = false;
    void tellNow([...new Set([...months.owed(), ...forgotten])]);
  });

  return {
    tellIn,
    settle: async () => {
      isSettled = true;
      cancel();
      await inParts(months.owed(), tell);
      const done = months.usedWithin(Number.POSITIVE_INFINITY).filter((month) => !months.isOwed(month));
      await inParts(done, (month) => fleet.fold(month, toldOf(month.counts)));
    },
  };
}

/** Its limits are of no account, as nothing is asked for. */
const tellOf = ({ accountId, period, life, counts }: Month) => ({
  accountId,
  period,
  life,
  told: toldOf(counts),
  limits: { callsPerMonth: 0, callsPerSecond: 0 },
  calls: 0,
});
