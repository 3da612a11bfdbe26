import type { Clock } from '../../domain/clock.ts';
import type { Soon } from '../../domain/step.ts';
import type { AttemptEnded, AttemptVerdict, Telemetry } from '../../domain/telemetry.ts';
import type { UpstreamCall, UpstreamHead, UpstreamRequest } from '../../domain/upstream.ts';
import type { AttemptEnd, Reservation } from '../exits/port.ts';
import { Attempt } from './attempt.ts';
import type { Latencies } from './latencies.ts';
import type { UpstreamBase } from './redirect.ts';
import type { End, Result } from './result.ts';
import { type AttemptCircumstances, isOfTheEdge, judge, type Verdict } from './verdict.ts';

const USER_AGENT = 'bitbucket-gateway/1.0 (anonymous public reads)';

export interface TryOptions {
  readonly reservation: Reservation;
  readonly request: UpstreamRequest<unknown>;
  readonly call: UpstreamCall;
  readonly isHedge: boolean;
  readonly base: UpstreamBase;
  readonly clock: Clock;
  readonly telemetry: Telemetry;
  readonly latencies: Latencies;
  readonly soon: Soon;
  /** Asked when the attempt is judged. */
  readonly circumstances: () => Omit<AttemptCircumstances, 'request' | 'nowMs'>;
}

/** An attempt under way. */
export interface Try {
  /** Never rejects; never settles once abandoned. */
  readonly verdict: Promise<Verdict>;
  abandon(because: 'hung up' | 'lost'): void;
}

/** One attempt through a reserved exit: judged when its result is known, settled and told when nothing of it is left. */
export function tryExit(options: TryOptions): Try {
  const { reservation, request, call, base, clock } = options;
  const { exit } = reservation;
  const startedAtMs = clock.now();
  let result: Result = { kind: 'abandoned' };
  let name: AttemptVerdict | null = null;
  const { promise, resolve } = Promise.withResolvers<Verdict>();

  const attempt = new Attempt({
    exit,
    accountId: call.accountId,
    origin: base.origin,
    path: base.root + request.target,
    headers: headersOf(request),
    deadlineAtMs: call.deadlineAtMs,
    clock,
    soon: options.soon,
    room: call.room,
    refuse: request.refuse,
    onResult: (came) => {
      result = came;
      if (came.kind === 'abandoned') return;
      const judged = judge(came, { request, nowMs: clock.now(), ...options.circumstances() });
      name = judged.name;
      resolve(judged.verdict);
    },
    onEnd: (end) => {
      const told = name ?? nameOf(end);
      reservation.settle(settlementOf(result, told, end));
      if (told === 'answered' || told === 'unchanged') options.latencies.note(end.durationMs);
      const ended: AttemptEnded = {
        requestId: call.requestId,
        accountId: call.accountId,
        exit: exit.label,
        source: exit.source,
        verdict: told,
        status: end.head?.status ?? null,
        startedAtMs,
        durationMs: end.durationMs,
        bytesUp: end.bytesUp,
        bytesDown: end.bytesDown,
        isHedge: options.isHedge,
      };
      call.attempts.push(ended);
      options.telemetry.attemptEnded(ended);
    },
  });
  attempt.start();
  return { verdict: promise, abandon: (because) => attempt.abandon(because) };
}

function headersOf({ ifNoneMatch }: UpstreamRequest<unknown>): Record<string, string> {
  const headers = { accept: 'application/json', 'accept-encoding': 'gzip', 'user-agent': USER_AGENT };
  return ifNoneMatch === undefined ? headers : { ...headers, 'if-none-match': ifNoneMatch.join(', ') };
}

/** What an attempt that nobody waited for was all the same. */
function nameOf({ head, fault }: End): AttemptVerdict {
  if (fault !== null) return fault.verdict;
  return head === null ? 'abandoned' : nameOfHead(head);
}

function nameOfHead(head: UpstreamHead): AttemptVerdict {
  if (head.status === 429) return 'spent';
  if (isOfTheEdge(head)) return 'blocked';
  if (head.status === 408 || head.status >= 500) return 'upstream_error';
  return head.status === 304 ? 'unchanged' : 'answered';
}

/** What the exit is told of an attempt through it. */
export function settlementOf(result: Result, name: AttemptVerdict, end: End): AttemptEnd {
  const { head, fault, sent, durationMs: latencyMs } = end;
  if (result.kind === 'no_room') return { kind: 'abandoned', sent };
  if (fault !== null) return { kind: 'fault', fault, sent };
  if (head === null) return { kind: 'abandoned', sent };
  if (name === 'blocked') return { kind: 'blocked', headers: head.headers, latencyMs };
  return { kind: 'answered', status: head.status, headers: head.headers, latencyMs };
}
