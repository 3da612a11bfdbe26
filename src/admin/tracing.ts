import {
  type Context,
  ROOT_CONTEXT,
  type Span,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  trace,
} from '@opentelemetry/api';
import type { AttemptEnded, CallEnded, Telemetry } from '../domain/telemetry.ts';
import { parseTraceparent } from '../domain/traceparent.ts';

/**
 * One span a call and one per attempt under it, told when the call has ended, for whatever SDK the operator preloads.
 * Without one a call costs the question whether anybody records.
 */
export function createTracing(): Pick<Telemetry, 'callEnded'> {
  const tracer = trace.getTracer('bitbucket-gateway');

  const tellAttempt = (attempt: AttemptEnded, parent: Context) => {
    const { startedAtMs, durationMs, verdict } = attempt;
    const options = {
      startTime: startedAtMs,
      kind: SpanKind.CLIENT,
      attributes: attributesOfAttempt(attempt),
    };
    const span = tracer.startSpan('attempt', options, parent);
    if (verdict !== 'answered' && verdict !== 'unchanged') span.setStatus({ code: SpanStatusCode.ERROR });
    span.end(startedAtMs + durationMs);
  };

  return {
    callEnded: (call) => {
      const options = { startTime: call.receivedAtMs, kind: SpanKind.SERVER };
      const span = tracer.startSpan(call.operationId ?? 'no endpoint', options, parentOf(call));
      if (!span.isRecording()) return;
      describe(span, call);
      const under = trace.setSpan(ROOT_CONTEXT, span);
      for (const attempt of call.attempts) tellAttempt(attempt, under);
      span.end(call.receivedAtMs + call.totalMs);
    },
  };
}

/** The caller's own span, where it sent one. */
function parentOf({ traceparent }: CallEnded): Context {
  const parent = parseTraceparent(traceparent);
  if (parent === null) return ROOT_CONTEXT;
  const traceFlags = parent.isSampled ? TraceFlags.SAMPLED : TraceFlags.NONE;
  const { traceId, spanId } = parent;
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags, isRemote: true });
}

function describe(span: Span, call: CallEnded): void {
  span.setAttributes({
    'http.request.method': 'GET',
    'http.response.status_code': call.status,
    'http.response.body.size': call.bytesOut,
    'gateway.request_id': call.requestId,
    'gateway.door': call.door,
    'gateway.charge': call.charge,
    'gateway.hung_up': call.hungUp,
    'gateway.upstream_ms': call.upstreamMs,
    ...(call.accountId === null ? {} : { 'gateway.account': call.accountId }),
    ...(call.subject === null ? {} : { 'gateway.subject': call.subject }),
    ...(call.code === null ? {} : { 'error.type': call.code }),
  });
  if (call.status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
}

const attributesOfAttempt = ({
  exit,
  source,
  verdict,
  status,
  bytesUp,
  bytesDown,
  isHedge,
}: AttemptEnded) => ({
  'gateway.exit': exit,
  'gateway.source': source,
  'gateway.verdict': verdict,
  'gateway.bytes_up': bytesUp,
  'gateway.bytes_down': bytesDown,
  'gateway.hedge': isHedge,
  ...(status === null ? {} : { 'http.response.status_code': status }),
});
