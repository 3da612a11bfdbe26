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

export function createTally(): Tally {
  let months = new Map<string, Map<string, Mutable<UsageRow>>>();

  const add = (account: string, { day, endpoint, code }: Names, counts: Counts) => {
    const place = `${account} ${day.slice(0, 7)}`;
    const rows = months.get(place) ?? new Map<string, Mutable<UsageRow>>();
    months.set(place, rows);
    const name = `${day} ${endpoint} ${code}`;
    const row = rows.get(name) ?? { day, endpoint, code, ...NOTHING };
    rows.set(name, row);
    addTo(row, counts);
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
      const bytesExit = attempt.bytesUp + attempt.bytesDown;
      const names = { day: dayOf(nowMs), endpoint: attempt.source, code: attempt.verdict };
      const counts = { ...NOTHING, calls: 1, bytesExit };
      add(EXITS, names, counts);
      add(exitsOf(attempt.accountId), { ...names, code: 'all' }, counts);
    },
    take: (firstNumber) => {
      const taken = [...months].map(([place, rows], index) => {
        const [account = '', month = ''] = place.split(' ');
        return { account, month, number: firstNumber + index, rows: [...rows.values()] };
      });
      months = new Map();
      return taken;
    },
    peek: (account, month) => [...(months.get(`${account} ${month}`)?.values() ?? [])],
  };
}

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
