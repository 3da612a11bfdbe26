import { Counter, Histogram, type Registry } from 'prom-client';
import type { FailureCode } from '../../domain/failure.ts';
import type { CallEnded, Telemetry } from '../../domain/telemetry.ts';

/** Seconds; a call through an exit takes 0.1 to 2, its own part less than a millisecond. */
const BUCKETS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15];

/** The gate that turned a call away; null where it got past all of them. */
export const GATES: Readonly<Record<FailureCode, string | null>> = {
  draining: 'admission',
  overloaded: 'admission',
  route_not_found: 'admission',
  method_not_allowed: 'admission',
  request_timeout: 'admission',
  request_too_large: 'admission',
  key_missing: 'key',
  key_invalid: 'key',
  subscription_inactive: 'key',
  rate_exceeded: 'rate',
  invalid_request: 'input',
  quota_exhausted: 'quota',
  store_unavailable: 'store',
  exits_exhausted: 'exits',
  not_a_directory: null,
  upstream_rejected: null,
  upstream_forbidden: null,
  upstream_not_found: null,
  upstream_gone: null,
  internal: null,
  upstream_failed: null,
  upstream_timeout: null,
};

/** What is known of whole calls. */
export function createCallMetrics(registry: Registry): Pick<Telemetry, 'callEnded'> {
  const registers = [registry];
  const calls = new Counter({
    name: 'gateway_calls_total',
    help: 'Calls that ended, by operation, HTTP status and code; code is `ok` for an answer with data.',
    labelNames: ['endpoint', 'status', 'code'],
    registers,
  });
  const seconds = new Histogram({
    name: 'gateway_call_duration_seconds',
    help: 'How long calls took: in all, waiting for Bitbucket, and the part that is the gateway alone.',
    labelNames: ['part'],
    buckets: BUCKETS,
    registers,
  });
  const refusals = new Counter({
    name: 'gateway_refusals_total',
    help: 'Calls turned away, by the gate that did.',
    labelNames: ['gate'],
    registers,
  });
  const charges = new Counter({
    name: 'gateway_charges_total',
    help: 'What calls cost their account.',
    labelNames: ['outcome'],
    registers,
  });
  const hangUps = new Counter({
    name: 'gateway_hang_ups_total',
    help: 'Callers who hung up before their answer was gone.',
    registers,
  });
  const bytes = new Counter({
    name: 'gateway_answer_bytes_total',
    help: 'Body bytes sent to callers.',
    registers,
  });
  for (const outcome of ['charged', 'refunded', 'free']) charges.inc({ outcome }, 0);
  for (const gate of new Set(Object.values(GATES))) if (gate !== null) refusals.inc({ gate }, 0);
  const [total, upstream, own] = ['total', 'upstream', 'own'].map((part) => seconds.labels(part));

  return {
    callEnded: (call) => {
      calls.labels(call.operationId ?? 'none', String(call.status), call.code ?? 'ok').inc();
      total?.observe(call.totalMs / 1_000);
      if (call.attempts.length > 0) upstream?.observe(call.upstreamMs / 1_000);
      own?.observe(ownMsOf(call) / 1_000);
      const gate = call.code === null ? null : GATES[call.code];
      if (gate !== null) refusals.labels(gate).inc();
      charges.labels(call.charge).inc();
      if (call.hungUp) hangUps.inc();
      bytes.inc(call.bytesOut);
    },
  };
}

const ownMsOf = ({ totalMs, upstreamMs }: CallEnded) => Math.max(0, totalMs - upstreamMs);
