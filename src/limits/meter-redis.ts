import { type Account, limitsOf } from '../domain/account.ts';
import { type Clock, within } from '../domain/clock.ts';
import type { Log } from '../domain/log.ts';
import { type Pulse, silentPulse } from '../domain/pulse.ts';
import { unavailable } from '../store/unavailable.ts';
import { giveBack, serveAway, toldOf } from './counts.ts';
import { createDebts } from './debts.ts';
import type { Fleet, StepAsk } from './fleet.ts';
import { grantOf } from './grant.ts';
import { createLines } from './lines.ts';
import type { Charge, KeptMeter, LimitReading, Slot, Spent } from './meter.ts';
import { createMonths, type Month, type Months } from './months.ts';
import { createOwnSecond, type OwnSecond } from './own-second.ts';
import { periodOf } from './period.ts';
import { limitReading, readingAt, refusal } from './reading.ts';
import { createSteps, type StepAnswered, type Steps } from './steps.ts';

/** How many calls of one account travel in one step at most. */
const MAX_CALLS = 500;
/** How long a stop may take to tell the store what it has not heard, ms. */
const CLOSE_MS = 3_000;

export interface SharedMeterOptions {
  readonly fleet: Fleet;
  readonly clock: Clock;
  readonly log: Log;
  readonly pulse?: Pulse | undefined;
}

/** A call that waits for its verdict, or one without a slot that wants to read the limits. */
interface Waiting {
  readonly account: Account;
  readonly slot: Slot | null;
  settle(result: Spent | LimitReading): void;
  reject(cause: unknown): void;
}

/** What a verdict needs to know. */
interface Books {
  readonly fleet: Fleet;
  readonly own: OwnSecond;
  readonly months: Months;
  readonly steps: Steps;
  readonly pulse: Pulse;
}

/**
 * The meter of gateways that share a store. This gateway's own second comes first, whatever the store does; then the
 * calls of an account that wait together travel as one step. While the store is away, accounts heard of within the
 * last hour are served within their grant, and the store hears of it when it is back.
 */
export function createSharedMeter({ fleet, clock, log, pulse = silentPulse }: SharedMeterOptions): KeptMeter {
  const own = createOwnSecond(clock);
  const months = createMonths(
    () => clock.monotonic(),
    (month) => fleet.fold(month, toldOf(month.counts)).catch(() => {}),
  );
  const steps = createSteps(fleet, months, () => debts.tellIn(0));
  const books: Books = { fleet, own, months, steps, pulse };
  const lines = createLines<Waiting>((accountId, waiting) => serve(books, accountId, waiting));
  const debts = createDebts({ fleet, steps, months, lines, clock, log });
  const returned = new WeakSet<Charge>();

  const join = <Result>(account: Account, slot: Slot | null): Promise<Result> =>
    new Promise((resolve, reject) =>
      lines.join(account.id, { account, slot, settle: (result) => resolve(result as Result), reject }),
    );

  return {
    reserve: (account) => own.reserve(account.id, limitsOf(account).callsPerSecond),
    spend: async (account, slot) => {
      if (own.hold(slot, limitsOf(account).callsPerSecond)) return join<Spent>(account, slot);
      const reading = await join<LimitReading>(account, null);
      return refusal(reading, reading.rate.resetMs);
    },
    refund: (charge) => {
      if (returned.has(charge)) return;
      returned.add(charge);
      const month = months.open(charge.accountId, charge.period);
      giveBack(month.counts);
      months.settle(month);
      debts.tellIn(0);
    },
    read: (account) => join<LimitReading>(account, null).catch(() => null),
    close: async () => {
      const settled = debts.settle().catch((error) => {
        log.error({ cause: String(error) }, 'calls served without the store could not be told');
      });
      await within(clock, CLOSE_MS, settled);
    },
  };
}

/** One step for what waits, as much as goes into one; a verdict for each of them. */
async function serve(books: Books, accountId: string, waiting: Waiting[]): Promise<void> {
  const taken: Waiting[] = [];
  try {
    const answered = await books.steps.ask(accountId, (month) => {
      taken.push(...waiting.splice(0, MAX_CALLS - taken.length));
      return askOf(month, taken);
    });
    settleAll(books, taken, answered);
  } catch (cause) {
    for (const one of [...taken, ...waiting.splice(0)]) settleAway(books, one, cause);
  }
}

/** The limits of the one who came last: the newest that is known of the account. */
function askOf({ accountId, period, life, counts }: Month, taken: readonly Waiting[]): StepAsk {
  const account = taken.at(-1)?.account;
  return {
    accountId,
    period,
    life,
    told: toldOf(counts),
    limits: account === undefined ? { callsPerMonth: 0, callsPerSecond: 0 } : limitsOf(account),
    calls: taken.filter(({ slot }) => slot !== null).length,
  };
}

/** The first of them get what was granted; the others are refused. */
function settleAll({ own }: Books, taken: readonly Waiting[], { month, answer }: StepAnswered): void {
  let granted = 0;
  for (const { account, slot, settle } of taken) {
    const isGranted = slot !== null && granted < answer.granted;
    if (isGranted) {
      granted += 1;
      own.grant(slot);
    } else if (slot !== null) own.free(slot);
    const { callsPerSecond } = limitsOf(account);
    const mine = { open: own.openIn(account.id), resetMs: own.read(account.id, callsPerSecond).resetMs };
    const reading = readingAt(account, answer, granted, mine);
    if (slot === null) settle(reading);
    else if (isGranted) settle({ granted: true, charge: chargeOf(month), reading });
    else settle(refusal(reading, answer.waitMs));
  }
}

/** What can be said without the store: a verdict for an account that is known, else `store_unavailable`. */
function settleAway(books: Books, { account, slot, settle, reject }: Waiting, cause: unknown): void {
  const reading = readAway(books, account);
  const result = reading === null || slot === null ? reading : spendAway(books, account, slot, reading);
  if (result === null) {
    if (slot !== null) books.own.free(slot);
    reject(unavailable(cause));
  } else settle(result);
}

/** One call of the account's grant; null when that is used up. */
function spendAway(books: Books, account: Account, slot: Slot, reading: LimitReading): Spent | null {
  const { own, months, steps } = books;
  if (reading.quota.remaining === 0) {
    own.free(slot);
    return refusal(reading, 0);
  }
  const month = steps.monthNow(account.id);
  if (!serveAway(month.counts, grantOf(limitsOf(account).callsPerMonth))) return null;
  months.settle(month);
  books.pulse.grantUsed();
  own.grant(slot);
  return { granted: true, charge: chargeOf(month), reading: readAway(books, account) ?? reading };
}

/** What is known without the store; null for an account that it has not been asked about lately. */
function readAway({ fleet, own, months, steps }: Books, account: Account): LimitReading | null {
  const atMs = fleet.nowMs(account.id);
  if (!months.isKnown(account.id, periodOf(atMs))) return null;
  const { callsPerSecond } = limitsOf(account);
  const { remaining, resetMs } = own.read(account.id, callsPerSecond);
  return limitReading(
    account,
    callsPerSecond - remaining,
    resetMs,
    steps.monthNow(account.id).counts.used,
    atMs,
  );
}

const chargeOf = ({ accountId, period }: Month): Charge => ({ accountId, period });
