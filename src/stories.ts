import type { Clock } from './domain/clock.ts';
import type { AttemptEnded, CallEnded, Telemetry } from './domain/telemetry.ts';
import type { Ended } from './way/call.ts';

/** How an answer left. */
export interface Leaving {
  /** Body bytes that were handed to the caller. */
  readonly bytesOut: number;
  /** The caller went away before the last byte, or was cut. */
  readonly hungUp: boolean;
}

/** The story of each call, told once when its answer is gone. */
export interface Stories {
  /** What egress tells of its attempts, for the stories and for whoever else listens. */
  readonly telemetry: Telemetry;
  /** From now on attempts of this call are part of its story. */
  open(requestId: string): void;
  tell(ended: Ended, leaving: Leaving): void;
}

export function createStories(listener: Telemetry, clock: Clock): Stories {
  const attempts = new Map<string, AttemptEnded[]>();
  return {
    telemetry: {
      callEnded: listener.callEnded,
      attemptEnded: (attempt) => {
        attempts.get(attempt.requestId)?.push(attempt);
        listener.attemptEnded(attempt);
      },
      exitChanged: listener.exitChanged,
    },
    open: (requestId) => {
      attempts.set(requestId, []);
    },
    tell: (ended, leaving) => {
      const { requestId } = ended.asked;
      listener.callEnded(callEndedOf(ended, leaving, attempts.get(requestId) ?? [], clock.monotonic()));
      attempts.delete(requestId);
    },
  };
}

function callEndedOf(
  ended: Ended,
  leaving: Leaving,
  attempts: readonly AttemptEnded[],
  nowMs: number,
): CallEnded {
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
    attempts,
  };
}
