import type { Clock } from './domain/clock.ts';
import type { CallEnded, Telemetry } from './domain/telemetry.ts';
import type { Leaving, Tell } from './http/door.ts';
import type { Ended } from './way/call.ts';

/** The story of each call, for whoever listens. */
export const createTell =
  (listener: Pick<Telemetry, 'callEnded'>, clock: Clock): Tell =>
  (ended, leaving) =>
    listener.callEnded(callEndedOf(ended, leaving, clock.monotonic()));

function callEndedOf(ended: Ended, leaving: Leaving, nowMs: number): CallEnded {
  const { asked, caller, outcome, charge, subject, upstreamMs } = ended;
  const end = outcome.ok
    ? { status: outcome.answer.isUnchanged ? 304 : 200, code: null }
    : { status: outcome.failure.status, code: outcome.failure.code, cause: outcome.failure.cause };
  return {
    requestId: asked.requestId,
    door: asked.door,
    operationId: asked.row?.operationId ?? null,
    accountId: caller?.account.id ?? null,
    keyId: caller?.keyId ?? null,
    subject,
    ...end,
    charge,
    ...(asked.traceparent === undefined ? {} : { traceparent: asked.traceparent }),
    receivedAtMs: asked.receivedAtMs,
    totalMs: nowMs - asked.startedAtMs,
    upstreamMs,
    ...leaving,
    // One that is still drained ends behind the story.
    attempts: [...ended.attempts],
  };
}
