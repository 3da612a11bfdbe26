import type { History, Violation } from '../history.ts';
import {
  type AnsweredCall,
  admittedAtMs,
  isAdmitted,
  isAnswered,
  isIn,
  type Span,
  storeTroubles,
} from './facts.ts';

interface Admission {
  readonly n: number;
  readonly atMs: number;
}

/** Never more than the plan's number is admitted in any sliding second, over all gateways. */
export function checkSecond(history: History): Violation[] {
  const violations: Violation[] = [];
  const troubles = [...storeTroubles(history), ...aroundJumps(history)];
  const isDoubtful = (fromMs: number, toMs: number) => isIn(troubles, fromMs, toMs);
  for (const [account, { callsPerSecond }] of history.setup.accounts.entries()) {
    const calls = history.calls.filter((call) => call.account === account).filter(isAnswered);
    const admitted = admissionsOf(history, calls, isDoubtful, violations);
    for (const { n, atMs } of tooMany(
      admitted,
      callsPerSecond,
      1_000,
      (from, to) => !isDoubtful(from - 1_000, to),
    ))
      violations.push({
        promise: 'never more than the plan’s number in any second',
        words: `account ${account}: call ${n} at ${atMs} is more than ${callsPerSecond} within a second`,
      });
    // While the store is away each gateway alone keeps the number; its clock is then a guess.
    const most = callsPerSecond * history.setup.gateways;
    for (const { n, atMs } of tooMany(admitted, most, 900, () => true))
      violations.push({
        promise: 'never more than the plan’s number a gateway in any second',
        words: `account ${account}: call ${n} at ${atMs} is more than ${most} within a second`,
      });
  }
  return [...violations, ...checkRefusals(history)];
}

function admissionsOf(
  history: History,
  calls: readonly AnsweredCall[],
  isDoubtful: (fromMs: number, toMs: number) => boolean,
  violations: Violation[],
): Admission[] {
  return calls
    .filter(isAdmitted)
    .flatMap((call) => {
      const atMs = admittedAtMs(history, call);
      if (atMs === 'one of several') return [];
      if (atMs !== null) return [{ n: call.n, atMs }];
      if (!isDoubtful(call.askedAtMs, call.end.atMs))
        violations.push({
          promise: 'meta.timestamp is the moment of admission',
          words: `call ${call.n} at ${call.askedAtMs} says ${new Date(call.end.timestampMs).toISOString()}`,
        });
      return [];
    })
    .sort((a, b) => a.atMs - b.atMs);
}

/** Those that are one too many within less than `windowMs`. */
function tooMany(
  admitted: readonly Admission[],
  most: number,
  windowMs: number,
  counts: (fromMs: number, toMs: number) => boolean,
): readonly Admission[] {
  return admitted.filter((last, i) => {
    const first = admitted[i - most];
    return first !== undefined && last.atMs - first.atMs < windowMs && counts(first.atMs, last.atMs);
  });
}

/** Nobody is refused for a second in which too few calls came. A refused input keeps its place, a stalled loop takes all at once. */
function checkRefusals(history: History): Violation[] {
  const violations: Violation[] = [];
  const longestStallMs = Math.max(
    0,
    ...history.acts.map(({ event }) => (event.do === 'stall' ? event.ms : 0)),
  );
  const slowMs = 200 + longestStallMs + (isIn(storeTroubles(history), 0, Infinity) ? 6_000 : 0);
  for (const call of history.calls.filter(isAnswered)) {
    if (call.end.code !== 'rate_exceeded') continue;
    // What was admitted may lie in the future then, and is taken for just now, once.
    if (history.offsets.some(({ of, ms, atMs }) => of === 'store' && ms < 0 && atMs < call.end.atMs))
      continue;
    const { callsPerSecond } = history.setup.accounts[call.account] ?? { callsPerSecond: 1 };
    const rivals = history.calls.filter(
      (other) =>
        other.account === call.account &&
        other.n !== call.n &&
        other.askedAtMs >=
          call.askedAtMs -
            1_001 -
            slowMs -
            (history.setup.maxBytesInFlight < 2e6 ? history.setup.deadlineMs : 0) &&
        other.askedAtMs <= call.end.atMs,
    ).length;
    if (rivals < callsPerSecond)
      violations.push({
        promise: 'nobody is refused who keeps the rate',
        words: `call ${call.n} at ${call.askedAtMs}: ${rivals} others, ${callsPerSecond} are allowed`,
      });
  }
  return violations;
}

/** A clock that is set tells nothing about the second around that moment. */
const aroundJumps = ({ offsets }: History): Span[] =>
  offsets.map(({ atMs }) => ({ fromMs: atMs - 1_000, toMs: atMs + 3_000 }));
