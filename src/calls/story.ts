import { isoOf } from '../domain/calendar.ts';
import type { Story } from '../domain/story.ts';
import type { CallEnded } from '../domain/telemetry.ts';

/** The story of a call that ended. What is not named here is not kept: a new field has to be let in by hand. */
export function storyOf(call: CallEnded): Story {
  return {
    requestId: call.requestId,
    receivedAt: isoOf(call.receivedAtMs),
    door: call.door,
    endpoint: call.operationId,
    accountId: call.accountId,
    keyId: call.keyId,
    subject: call.subject,
    status: call.status,
    code: call.code,
    charge: call.charge,
    totalMs: tenths(call.totalMs),
    upstreamMs: tenths(call.upstreamMs),
    bytesOut: call.bytesOut,
    hungUp: call.hungUp,
    attempts: call.attempts.map((attempt) => ({
      exit: attempt.exit,
      verdict: attempt.verdict,
      status: attempt.status,
      afterMs: tenths(attempt.startedAtMs - call.receivedAtMs),
      durationMs: tenths(attempt.durationMs),
      bytesUp: attempt.bytesUp,
      bytesDown: attempt.bytesDown,
      isHedge: attempt.isHedge,
    })),
  };
}

const tenths = (ms: number) => Math.round(ms * 10) / 10;
