import type { Clock } from '../../domain/clock.ts';
import {
  type AttemptEnded,
  type AttemptVerdict,
  type CallEnded,
  isPaid,
  type Telemetry,
} from '../../domain/telemetry.ts';
import { type BusyAccounts, createBusyAccounts } from './busy-accounts.ts';
import { createFailures, type FailedCall } from './failures.ts';
import { createMinutes } from './minutes.ts';
import { createSeconds, type Second } from './seconds.ts';
import { noteIn } from './spread.ts';

/** What was counted since the start: the same as `/metrics` has. */
export interface Totals {
  /** Calls that ended, by HTTP status. */
  readonly statuses: Readonly<Record<string, number>>;
  /** Requests through exits. */
  readonly attempts: number;
  /** Body bytes to callers. */
  readonly bytesOut: number;
  /** Bytes through exits, both ways; `bytesPaid` without this machine's own address. */
  readonly bytesExit: number;
  readonly bytesPaid: number;
}

/** What is remembered of the calls of this gateway. */
export interface Recorded {
  /** Epoch ms. */
  readonly startedAtMs: number;
  /** The present one of the clock that never goes back; it is not over yet. */
  readonly second: number;
  /** Of those, how many since the start. */
  readonly uptimeSeconds: number;
  readonly seconds: readonly Second[];
  /** Requests that used up an exit's hour, for each of the last 60 minutes, the oldest first. */
  readonly sentByMinute: readonly number[];
  readonly totals: Totals;
  readonly failures: readonly FailedCall[];
}

/** Remembers what happened lately, in bounded memory, whether somebody looks or not. */
export interface RecordBook {
  readonly telemetry: Pick<Telemetry, 'callEnded' | 'attemptEnded'>;
  readonly busyAccounts: Pick<BusyAccounts, 'top'>;
  read(): Recorded;
}

/** Nothing of these reached Bitbucket, so that nothing of the hour was used up. */
const NEVER_SENT: ReadonlySet<AttemptVerdict> = new Set([
  'refused',
  'credentials',
  'certificate',
  'proxy_error',
  'abandoned',
]);

export function createRecordBook(clock: Clock): RecordBook {
  const nowSecond = () => Math.floor(clock.monotonic() / 1_000);
  const startedAtMs = clock.now();
  const startedAtSecond = nowSecond();
  const seconds = createSeconds();
  const minutes = createMinutes();
  const failures = createFailures();
  const busyAccounts = createBusyAccounts();
  const totals = {
    statuses: {} as Record<string, number>,
    attempts: 0,
    bytesOut: 0,
    bytesExit: 0,
    bytesPaid: 0,
  };

  const callEnded = (call: CallEnded) => {
    noteCall(seconds.now(nowSecond()), call);
    totals.statuses[call.status] = (totals.statuses[call.status] ?? 0) + 1;
    totals.bytesOut += call.bytesOut;
    if (call.accountId !== null) busyAccounts.note(call.accountId);
    failures.note(call, clock.now());
  };
  const attemptEnded = (attempt: AttemptEnded) => {
    const second = seconds.now(nowSecond());
    const bytes = attempt.bytesUp + attempt.bytesDown;
    second.bytesExit += bytes;
    totals.attempts += 1;
    totals.bytesExit += bytes;
    if (isPaid(attempt)) totals.bytesPaid += bytes;
    if (NEVER_SENT.has(attempt.verdict)) return;
    second.sent += 1;
    minutes.note(second.second);
  };

  return {
    telemetry: { callEnded, attemptEnded },
    busyAccounts,
    read: () => ({
      startedAtMs,
      second: nowSecond(),
      uptimeSeconds: nowSecond() - startedAtSecond,
      seconds: seconds.kept(nowSecond()),
      sentByMinute: minutes.list(nowSecond()),
      totals: { ...totals, statuses: { ...totals.statuses } },
      failures: failures.list(),
    }),
  };
}

function noteCall(second: Second, call: CallEnded): void {
  second.statuses.set(call.status, (second.statuses.get(call.status) ?? 0) + 1);
  noteIn(second.total, call.totalMs);
  if (call.attempts.length > 0) noteIn(second.upstream, call.upstreamMs);
  if (call.code === 'exits_exhausted') second.unserved += 1;
  second.bytesOut += call.bytesOut;
}
