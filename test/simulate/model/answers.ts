import type { Call, History, Violation } from '../history.ts';
import { type AnsweredCall, CODES, isAnswered, overlapMs, stalls } from './facts.ts';

const LATE_MS = 100;

/** Every call is answered once, in time, and in the shape that the contract has. */
export function checkAnswers(history: History): Violation[] {
  const violations: Violation[] = [];
  const fail = (promise: string, words: string) => violations.push({ promise, words });
  const serials = new Set<number>();
  for (const call of history.calls) {
    const { n, end } = call;
    if (end === null) fail('every call is answered', `call ${n} had no end`);
    if (end?.how === 'cut' && !wasKilled(history, call.gateway, end.atMs) && !wasDrained(history, call))
      fail('no answer is cut', `call ${n} was cut at ${end.atMs}`);
    if (!isAnswered(call)) continue;
    const limitMs = history.setup.deadlineMs + LATE_MS + stalledMs(history, call);
    if (call.end.atMs - call.askedAtMs > limitMs)
      fail('every call is answered in time', `call ${n} took ${call.end.atMs - call.askedAtMs} ms`);
    checkShape(call, fail);
    checkData(history, call, serials, fail);
  }
  return violations;
}

type Fail = (promise: string, words: string) => void;

function checkShape({ n, end }: AnsweredCall, fail: Fail): void {
  if (!end.isWellFormed) fail('every answer is an envelope', `call ${n}`);
  const row = end.code === null ? { status: 200 } : CODES[end.code];
  if (row?.status !== end.status)
    fail('codes and statuses are those of the table', `call ${n}: ${end.status} ${end.code}`);
  const wait = end.retryAfterS;
  const mustWait = end.status === 429 || end.status === 503;
  const longestS = end.code === 'quota_exhausted' ? 31 * 86_400 : 3_720;
  if (mustWait && !(wait !== null && wait >= 1 && wait <= longestS))
    fail('Retry-After says how long to wait', `call ${n}: ${end.code} ${wait}`);
}

/** What is passed on was fetched for this call, after it was asked, and is what was asked for. */
function checkData({ seen }: History, call: AnsweredCall, serials: Set<number>, fail: Fail): void {
  const { n, end, wish, askedAtMs } = call;
  if (end.data === null) {
    if (end.code === null && wish !== 'meta') fail('a success has data', `call ${n}`);
    return;
  }
  const source = seen[end.data.serial];
  const isOwn = end.data.name === `open/r${n}` && (wish === 'repo' || wish === 'branches');
  const isLive = source !== undefined && source.atMs >= askedAtMs && source.atMs <= end.atMs;
  if (!isOwn || !isLive || serials.has(end.data.serial))
    fail('answers are live and one’s own', `call ${n} got ${end.data.name} of request ${end.data.serial}`);
  serials.add(end.data.serial);
}

const wasKilled = ({ lives }: History, gateway: number, atMs: number) =>
  lives.some(
    (life) => life.gateway === gateway && life.end === 'killed' && Math.abs(life.endedAtMs - atMs) < 1,
  );

/** How long begun answers may go on behind a SIGTERM, ms; `DRAIN_MS` by default. */
const DRAIN_MS = 20_000;

/** Whether its gateway was told to stop so long before that a reader this slow may be cut. */
const wasDrained = ({ acts }: History, { gateway, end }: Call) =>
  acts.some(
    ({ event, beganAtMs }) =>
      event.do === 'stop' && event.gateway === gateway && (end?.atMs ?? 0) >= beganAtMs + DRAIN_MS,
  );

/** How long the loop of its gateway stood still during a call, ms. */
function stalledMs(history: History, { gateway, askedAtMs, end }: AnsweredCall): number {
  let sum = 0;
  for (const span of stalls(history, gateway)) sum += overlapMs(span, askedAtMs, end.atMs);
  return sum;
}
