import type { Clock } from './domain/clock.ts';
import type { CallEnded, Telemetry } from './domain/telemetry.ts';
import type { Leaving, Tell } from './http/door.ts';
import type { Ended } from './way/call.ts';

/** The story of each call, for whoever listens. */
export const createTell =
  (listener: Pick<Telemetry, 'callEnded'>, clock: Clock): Tell =>
  (ended, leaving) =>
    listener.callEnded(callEndedOf(ended, leaving, clock.monotonic()));

/** Each member by its name: an object that is spread into another is copied member by member, past V8's fast ways. */
function callEndedOf(ended: Ended, leaving: Leaving, nowMs: number): CallEnded {
  const { asked, caller, outcome, charge, subject, upstreamMs } = ended;
  const failure = outcome.ok ? null : outcome.failure;
  return {
    requestId: asked.requestId,
    door: asked.door,
    operationId: asked.row?.operationId ?? null,
    accountId: caller?.account.id ?? null,
    keyId: caller?.keyId ?? null,
    subject,
    status: statusOf(outcome),
    code: failure?.code ?? null,
    cause: failure?.cause,
    charge,
    traceparent: asked.traceparent,
    receivedAtMs: asked.receivedAtMs,
    totalMs: nowMs - asked.startedAtMs,
    upstreamMs,
    bytesOut: leaving.bytesOut,
    hungUp: leaving.hungUp,
    // One that is still drained ends behind the story.
    attempts: [...ended.attempts],
  };
}

function statusOf(outcome: Ended['outcome']): number {
  if (!outcome.ok) return outcome.failure.status;
  return outcome.answer.isUnchanged ? 304 : 200;
}
