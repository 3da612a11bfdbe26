import type { Act, History, Violation } from '../history.ts';
import type { ExitTerms } from '../world/exits.ts';
import {
  type AnsweredCall,
  exitTroubles,
  isAnswered,
  isIn,
  overlapMs,
  type Span,
  stalls,
  storeTroubles,
  touches,
  upstreamTroubles,
} from './facts.ts';

const FATES: Readonly<Record<string, string>> = {
  private: 'upstream_forbidden',
  missing: 'upstream_not_found',
  closed: 'upstream_not_found',
  gone: 'upstream_gone',
  refused: 'upstream_rejected',
  invalid: 'invalid_request',
  nowhere: 'route_not_found',
};

/** Ends that need a reason to be right. */
export function checkCodes(history: History): Violation[] {
  const upstream = upstreamTroubles(history);
  const exits = exitTroubles(history);
  const { setup, lives, keys } = history;
  const violations: Violation[] = [];
  for (const call of history.calls.filter(isAnswered)) {
    const { askedAtMs, end, wish, gateway } = call;
    const isTroubled = (spans: readonly Span[]) => isIn(spans, askedAtMs, end.atMs);
    const isLeaving = lives.some(
      (life) =>
        life.gateway === gateway &&
        life.end === 'stopped' &&
        end.atMs <= life.endedAtMs &&
        isStopped(history, gateway, end.atMs),
    );
    const key = keys.find(({ account, number }) => account === call.account && number === call.keyNumber);
    const may: Readonly<Record<string, () => boolean>> = {
      store_unavailable: () => isTroubled(storeTroublesOf(history, gateway)),
      upstream_failed: () => isTroubled(upstream),
      upstream_timeout: () => isTroubled(upstream) || mayHaveQueued(history, call),
      exits_exhausted: () => isTroubled(exits) || mayBeScarce(history, end.atMs),
      overloaded: () => setup.maxBytesInFlight < 64 * 1024 * history.calls.length,
      draining: () => isLeaving,
      key_invalid: () =>
        key === undefined ||
        key.mayEndAtMs <= end.atMs ||
        hasJumped(history) ||
        mayBeForgotten(history, key.number),
      subscription_inactive: () => history.acts.some(({ event }) => event.do === 'suspend'),
      rate_exceeded: () => wish !== 'nowhere' && key !== undefined,
      quota_exhausted: () => wish !== 'nowhere' && key !== undefined && wish !== 'invalid',
    };
    const expected = FATES[wish] ?? null;
    if (end.code === expected && (key !== undefined || wish === 'nowhere')) continue;
    if (end.code !== null && may[end.code]?.()) continue;
    violations.push({
      promise: 'every answer has the right code',
      words: `call ${call.n} (${wish}) at ${askedAtMs} ended with ${end.status} ${end.code}`,
    });
  }
  return violations;
}

/** A store unanswered for less than so long, in time of the running loop, is slow and not away, ms. */
const PATIENT_MS = 50;

/** The troubles of the store that a gateway may have met: a loop that stands still does not wait for it. */
function storeTroublesOf(history: History, gateway: number): Span[] {
  const { setup, acts } = history;
  const hangs = acts.flatMap(({ event, beganAtMs }) =>
    event.do === 'hang' ? [{ event, fromMs: beganAtMs, toMs: beganAtMs + event.ms }] : [],
  );
  // Of hangs that meet, each goes on until the last of them is over.
  const patient = hangs.filter(({ event, fromMs, toMs }) => {
    const stoodStillMs = Math.max(
      0,
      ...stalls(history, gateway).map((span) => overlapMs(span, fromMs, toMs)),
    );
    const isAlone = !hangs.some((other) => other.event !== event && touches(other, fromMs, toMs));
    return isAlone && event.ms - stoodStillMs + 3 * setup.storeLatencyMs < PATIENT_MS;
  });
  const isPatient = ({ event }: Act) => patient.some((hang) => hang.event === event);
  return storeTroubles({ ...history, acts: acts.filter((act) => !isPatient(act)) });
}

/**
 * Whether the hour's budgets may have run low: then calls are divided, and refused. A call under way has its place in
 * them before the upstream sees it.
 */
function mayBeScarce({ setup, calls, seen, lives, acts }: History, atMs: number): boolean {
  const fixed = setup.exits.filter(({ kind }) => kind === 'fixed').length;
  const whole = Math.min(fixed * setup.hourlyBudget, setup.hourlyCeiling ?? Number.POSITIVE_INFINITY);
  const spent = seen.filter((request) => request.atMs > atMs - 3_600_000 && request.atMs <= atMs).length;
  const underWay = calls.filter(
    ({ askedAtMs, end }) => askedAtMs <= atMs && (end?.atMs ?? atMs) >= atMs,
  ).length;
  // Each gateway that runs or was killed may hold leases, and one list may have been shortened.
  const leased = lives.length * 5 * setup.exits.length;
  return acts.some(({ event }) => event.do === 'reload') || spent + underWay + leased + 20 > whole * 0.7;
}

/** Connections that an entry of the list opens at most: a tunnel carries one call at a time. */
const LANES = { fixed: 64, sessions: 192, rotating: 3 } as const;
/** What a call reserves of the memory for answers before it is spent. */
const HELD_BYTES = 64 * 1024;
/** The longest that a well upstream thinks about an answer, ms. */
const THINKS_MS = 200;

/** Whether it may have waited for its turn until its deadline, behind the others that were under way. */
function mayHaveQueued(history: History, { askedAtMs, end, gateway }: AnsweredCall): boolean {
  const { setup, calls } = history;
  if (end.atMs - askedAtMs < setup.deadlineMs) return false;
  const others = calls.filter(
    (other) =>
      other.gateway === gateway &&
      other.askedAtMs <= end.atMs &&
      (other.end === null || other.end.atMs >= askedAtMs) &&
      !(isAnswered(other) && other.end.code === 'rate_exceeded'),
  ).length;
  const areSpent = mayBeScarce(history, end.atMs);
  const lanesOf = ({ kind }: ExitTerms) => (kind === 'fixed' && areSpent ? 0 : LANES[kind]);
  const lanes = Math.min(
    Math.floor(setup.maxBytesInFlight / HELD_BYTES),
    ...listsOf(history, gateway).map((list) => list.reduce((sum, exit) => sum + lanesOf(exit), 0)),
  );
  const turnMs = THINKS_MS + 2.4 * Math.max(...setup.exits.map(({ latencyMs }) => latencyMs));
  return (others * turnMs) / Math.max(1, lanes) > setup.deadlineMs;
}

/** The lists of exits that a gateway had. */
const listsOf = ({ setup, acts }: History, gateway: number) => [
  setup.exits,
  ...acts.flatMap(({ event }) =>
    event.do === 'reload' && event.gateway === gateway
      ? [event.exits.flatMap((place) => setup.exits[place] ?? [])]
      : [],
  ),
];

/** A failover that loses the last writes may lose a key that was made in them. */
const mayBeForgotten = ({ acts }: History, number: number) =>
  number > 0 && acts.some(({ event }) => event.do === 'failover');

const hasJumped = ({ offsets }: History) => offsets.length > 0;

const isStopped = ({ acts }: History, gateway: number, atMs: number) =>
  acts.some(
    ({ event, beganAtMs }) => event.do === 'stop' && event.gateway === gateway && beganAtMs <= atMs,
  ) || !acts.some(({ beganAtMs }) => beganAtMs > atMs);
