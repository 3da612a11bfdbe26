import type { Caller } from './account.ts';
import type { Failure } from './failure.ts';

/**
 * One call on its way through the gates: what each of them found out, for those behind it.
 * Reached as `request.getDecorator<Call>('call')`.
 */
export interface Call {
  /** UUID; `meta.request_id` and the `x-request-id` header. */
  readonly id: string;
  /** Milliseconds since the epoch: `meta.timestamp`, and the moment that decides the month. */
  readonly receivedAtMs: number;
  /** The same moment on the clock that never goes back. */
  readonly startedAtMs: number;
  /** Set by `authenticate`. */
  caller: Caller | null;
  /** Set by `readInput`: the row's own values. */
  input: unknown;
  /** White space in the answer, asked for with `pretty=1`. */
  pretty: boolean;
  /** Set by `spendQuota`: what a refund needs. */
  charge: Charge | null;
  /** Milliseconds spent waiting for the upstream. */
  upstreamMs: number;
  /** How the call ended, once that is decided. */
  failure: Failure | null;
  /** Aborted when the caller hangs up. */
  readonly hangUp: AbortSignal;
}

/** One spent call of the month. */
export interface Charge {
  readonly accountId: string;
  /** The month it was charged in, `'2026-06'`. */
  readonly period: string;
  /** Set by the first refund; a second one does nothing. */
  refunded: boolean;
}
