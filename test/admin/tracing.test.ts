import { type Context, ROOT_CONTEXT, type Span, type SpanOptions, trace } from '@opentelemetry/api';
import { afterEach, describe, expect, it } from 'vitest';
import { createTracing } from '../../src/admin/tracing.ts';
import type { CallEnded } from '../../src/domain/telemetry.ts';
import { createGateway, inject } from '../gateway.ts';
import { attemptEnded, callEnded } from './fakes.ts';

const silent = { attemptEnded: () => {}, exitChanged: () => {} };

interface Recorded {
  readonly name: string;
  readonly options: SpanOptions;
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string | undefined;
  readonly attributes: Record<string, unknown>;
  status: unknown;
  endedAtMs: unknown;
}

/** As little of an SDK as records spans. */
function record(isRecording = true): Recorded[] {
  const spans: Recorded[] = [];
  const startSpan = (name: string, options: SpanOptions = {}, context: Context = ROOT_CONTEXT): Span => {
    const parent = trace.getSpanContext(context);
    const recorded: Recorded = {
      name,
      options,
      traceId: parent?.traceId ?? 'f'.repeat(32),
      spanId: String(spans.length + 1).padStart(16, '0'),
      parentSpanId: parent?.spanId,
      attributes: { ...options.attributes },
      status: undefined,
      endedAtMs: undefined,
    };
    spans.push(recorded);
    const span = {
      spanContext: () => ({ traceId: recorded.traceId, spanId: recorded.spanId, traceFlags: 1 }),
      isRecording: () => isRecording,
      setAttributes: (attributes: object) => Object.assign(recorded.attributes, attributes) && span,
      setStatus: (status: unknown) => {
        recorded.status = status;
        return span;
      },
      end: (atMs: unknown) => {
        recorded.endedAtMs = atMs;
      },
    } as unknown as Span;
    return span;
  };
  trace.setGlobalTracerProvider({
    getTracer: () => ({ startSpan, startActiveSpan: () => undefined as never }),
  });
  return spans;
}

afterEach(() => trace.disable());

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';
const attempts = [
  attemptEnded({ verdict: 'timeout', status: null, startedAtMs: 1_000, durationMs: 50 }),
  attemptEnded({ startedAtMs: 1_060, durationMs: 40, isHedge: true }),
];

describe('tracing', () => {
  it('tells one span a call, one per attempt under it, with their times', () => {
    const spans = record();
    createTracing().callEnded(callEnded({ receivedAtMs: 990, totalMs: 120, attempts }));
    expect(spans.map(({ name, options, endedAtMs }) => [name, options.startTime, endedAtMs])).toEqual([
      ['getRepository', 990, 1_110],
      ['attempt', 1_000, 1_050],
      ['attempt', 1_060, 1_100],
    ]);
    expect(spans.map(({ parentSpanId }) => parentSpanId)).toEqual([
      undefined,
      spans[0]?.spanId,
      spans[0]?.spanId,
    ]);
    expect(spans[0]?.attributes).toMatchObject({
      'http.response.status_code': 200,
      'gateway.request_id': callEnded().requestId,
    });
    expect(spans.map(({ status }) => status)).toEqual([undefined, { code: 2 }, undefined]);
  });

  it('goes on with the caller’s trace', () => {
    const spans = record();
    createTracing().callEnded(callEnded({ traceparent: `00-${TRACE}-${SPAN}-01`, attempts }));
    expect(spans.map(({ traceId }) => traceId)).toEqual([TRACE, TRACE, TRACE]);
    expect(spans[0]?.parentSpanId).toBe(SPAN);
  });

  it('of a fault of ours is an error, of a caller’s is not', () => {
    const spans = record();
    const { callEnded: tell } = createTracing();
    tell(callEnded({ status: 502, code: 'upstream_failed', attempts: [] }));
    tell(callEnded({ status: 404, code: 'route_not_found', operationId: null, attempts: [] }));
    expect(spans.map(({ name, status, attributes }) => [name, status, attributes['error.type']])).toEqual([
      ['getRepository', { code: 2 }, 'upstream_failed'],
      ['no endpoint', undefined, 'route_not_found'],
    ]);
  });

  it('stops at the first question where nobody records', () => {
    const spans = record(false);
    createTracing().callEnded(callEnded({ attempts }));
    expect(spans.map(({ name, attributes }) => [name, attributes])).toEqual([['getRepository', {}]]);
  });

  it('without an SDK says nothing and throws nothing', () => {
    expect(() => createTracing().callEnded(callEnded({ attempts }))).not.toThrow();
  });

  it('never tells a key, nor what was behind a failure', () => {
    const spans = record();
    createTracing().callEnded(callEnded({ cause: new Error('canary'), keyId: 'canary', accountId: 'a' }));
    expect(JSON.stringify(spans)).toContain('"gateway.account":"a"');
    expect(JSON.stringify(spans)).not.toMatch(/canary|cause/);
  });
});

describe('a caller’s traceparent', () => {
  it('is told with the call and stands in its log line, and goes no further', async () => {
    const told: (string | undefined)[] = [];
    const listener = { callEnded: (call: CallEnded) => void told.push(call.traceparent), ...silent };
    const gateway = await createGateway({ listeners: [listener] });
    const traceparent = `00-${TRACE}-${SPAN}-01`;
    const path = '/bitbucket-api/v1/repo?repo=atlassian/atlassian-event';
    await inject(gateway.server, path, { 'x-oanor-key': gateway.key, traceparent });
    await inject(gateway.server, path, { 'x-oanor-key': gateway.key });
    expect(told).toEqual([traceparent, undefined]);
    const lines = gateway.log.filter(({ text }) => text.startsWith('call '));
    expect(lines.map(({ text }) => text.includes(TRACE))).toEqual([true, false]);
    for (const { headers } of gateway.standIn.requests) expect(headers.traceparent).toBeUndefined();
    await gateway.close();
  });
});
