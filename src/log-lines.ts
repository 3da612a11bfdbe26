import type { Log } from './domain/log.ts';
import type { AttemptEnded, CallEnded, Telemetry } from './domain/telemetry.ts';
import { parseTraceparent } from './domain/traceparent.ts';

/** One line a call: who, what, how it ended. Never the key, never a parameter. */
export function createLogLines(log: Log): Telemetry {
  return {
    callEnded: (call) => {
      const { level, cause } = weightOf(call);
      if (level === 'info') log.info(lineOf(call), 'call');
      else log[level]({ ...lineOf(call), ...cause }, 'call failed');
    },
    attemptEnded: () => {},
    exitChanged: () => {},
  };
}

/** A refusal that is nobody's fault is news; ours is told with what was behind it. */
function weightOf({ status, code, cause }: CallEnded): {
  readonly level: 'info' | 'warn' | 'error';
  readonly cause: object;
} {
  if (status < 500) return { level: 'info', cause: {} };
  if (code === 'internal') return { level: 'error', cause: { err: cause } };
  return { level: 'warn', cause: { cause: String(cause ?? '') } };
}

/** `exit verdict 123ms`: as short as a line with four of them has to be. */
const attemptOf = ({ exit, verdict, durationMs }: AttemptEnded) =>
  `${exit} ${verdict} ${Math.round(durationMs)}ms`;

const lineOf = (call: CallEnded) => ({
  request_id: call.requestId,
  trace_id: parseTraceparent(call.traceparent)?.traceId,
  door: call.door,
  account: call.accountId ?? undefined,
  key: call.keyId ?? undefined,
  operation: call.operationId ?? undefined,
  subject: call.subject ?? undefined,
  status: call.status,
  code: call.code ?? undefined,
  charge: call.charge,
  total_ms: Math.round(call.totalMs),
  upstream_ms: Math.round(call.upstreamMs),
  bytes_out: call.bytesOut,
  attempts: call.attempts.map(attemptOf),
  hung_up: call.hungUp || undefined,
});
