import { dayOf } from '../domain/calendar.ts';
import { type AttemptEnded, type CallEnded, isPaid } from '../domain/telemetry.ts';
import { EVERYONE, EXITS, exitsOf, type UsageRow } from '../domain/usage.ts';
import { byDayEndpointCode, type UsageBatch } from './usage-store.ts';

type Counts = Omit<UsageRow, 'day' | 'endpoint' | 'code'>;
type Names = Pick<UsageRow, 'day' | 'endpoint' | 'code'>;
type Mutable<Value> = { -readonly [Name in keyof Value]: Value[Name] };

/** What was used since it was last taken, by account and month. As large as what is told apart, not as the traffic. */
export interface Tally {
  count(call: CallEnded): void;
  /** A request through an exit that is paid for, told of `EXITS` and of its account. */
  countAttempt(attempt: AttemptEnded, nowMs: number): void;
  /** What there is, and starts anew. Numbers the batches from `firstNumber` on. */
  take(firstNumber: number): UsageBatch[];
  /** What there is of one account and month, and leaves it. */
  peek(account: string, month: string): UsageRow[];
}

type ByCode = Map<string, Mutable<UsageRow>>;
type ByEndpoint = Map<string, ByCode>;
type ByDay = Map<string, ByEndpoint>;
type ByAccount = Map<string, ByDay>;

export function createTally(): Tally {
  /** Each name is looked up on a level of its own: a text made of them all costs more than that. */
  let months = new Map<string, ByAccount>();

  const add = (account: string, names: Names, counts: Counts) => {
    const { day, endpoint } = names;
    const days: ByDay = levelOf(levelOf(months, monthOfDay(day)), account);
    addTo(rowOf(levelOf(levelOf(days, day), endpoint), names), counts);
  };

  return {
    count: (call) => {
      const names = {
        day: dayOf(call.receivedAtMs),
        endpoint: call.operationId ?? 'none',
        code: call.code ?? 'ok',
      };
      const counts = countsOf(call);
      if (call.accountId !== null) add(call.accountId, names, counts);
      add(EVERYONE, names, counts);
    },
    countAttempt: (attempt, nowMs) => {
      if (!isPaid(attempt)) return;
      const [day, endpoint] = [dayOf(nowMs), attempt.source];
      const bytesExit = attempt.bytesUp + attempt.bytesDown;
      const counts = { calls: 1, charged: 0, bytesOut: 0, bytesExit };
      add(EXITS, { day, endpoint, code: attempt.verdict }, counts);
      add(exitsOf(attempt.accountId), { day, endpoint, code: 'all' }, counts);
    },
    take: (firstNumber) => {
      const taken = [...months].flatMap(([month, accounts]) =>
        [...accounts].map(([account, days]) => ({ account, month, rows: rowsIn(days) })),
      );
      months = new Map();
      return taken.map((batch, index) => ({ ...batch, number: firstNumber + index }));
    },
    peek: (account, month) => rowsIn(months.get(month)?.get(account) ?? new Map()),
  };
}

/** The level below this name, made where there is none. */
function levelOf<Below>(level: Map<string, Map<string, Below>>, name: string): Map<string, Below> {
  const known = level.get(name);
  if (known !== undefined) return known;
  const made = new Map<string, Below>();
  level.set(name, made);
  return made;
}

function rowOf(codes: ByCode, names: Names): Mutable<UsageRow> {
  const known = codes.get(names.code);
  if (known !== undefined) return known;
  const made = { ...names, ...NOTHING };
  codes.set(names.code, made);
  return made;
}

const rowsIn = (days: ByDay): UsageRow[] =>
  [...days.values()].flatMap((endpoints) => [...endpoints.values()].flatMap((codes) => [...codes.values()]));

const monthOfDay = (day: string) => day.slice(0, '2026-06'.length);

const NOTHING: Counts = { calls: 0, charged: 0, bytesOut: 0, bytesExit: 0 };

const countsOf = ({ charge, bytesOut, attempts }: CallEnded): Counts => ({
  calls: 1,
  charged: charge === 'charged' ? 1 : 0,
  bytesOut,
  bytesExit: attempts.reduce((sum, { bytesUp, bytesDown }) => sum + bytesUp + bytesDown, 0),
});

function addTo(row: Mutable<UsageRow>, { calls, charged, bytesOut, bytesExit }: Counts): void {
  row.calls += calls;
  row.charged += charged;
  row.bytesOut += bytesOut;
  row.bytesExit += bytesExit;
}

/** Rows of the same day, endpoint and code added up, in their order. */
export function merged(...parts: readonly (readonly UsageRow[])[]): UsageRow[] {
  const rows = new Map<string, Mutable<UsageRow>>();
  for (const row of parts.flat()) {
    const name = `${row.day} ${row.endpoint} ${row.code}`;
    const known = rows.get(name);
    if (known === undefined) rows.set(name, { ...row });
    else addTo(known, row);
  }
  return [...rows.values()].sort(byDayEndpointCode);
}
