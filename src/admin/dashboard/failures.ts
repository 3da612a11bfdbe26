import type { CallEnded } from '../../domain/telemetry.ts';

/** So many of each kind are kept. */
export const KEPT_FAILURES = 25;

/** A call that failed, as much of it as a list shows; its request id leads to its story. */
export interface FailedCall {
  readonly requestId: string;
  readonly endedAtMs: number;
  readonly status: number;
  readonly code: string;
  readonly endpoint: string | null;
  readonly accountId: string | null;
  readonly totalMs: number;
}

/** The last failures. Those on our side are kept apart, so that no flood of 429 hides them. */
export interface Failures {
  note(call: CallEnded, nowMs: number): void;
  /** The newest first. */
  list(): readonly FailedCall[];
}

export function createFailures(): Failures {
  const kept = { ours: [] as FailedCall[], theirs: [] as FailedCall[] };
  return {
    note: (call, nowMs) => {
      if (call.code === null) return;
      const list = call.status >= 500 ? kept.ours : kept.theirs;
      if (list.unshift(failedCallOf(call, call.code, nowMs)) > KEPT_FAILURES) list.pop();
    },
    list: () => [...kept.ours, ...kept.theirs].sort((a, b) => b.endedAtMs - a.endedAtMs),
  };
}

const failedCallOf = (call: CallEnded, code: string, nowMs: number): FailedCall => ({
  requestId: call.requestId,
  endedAtMs: nowMs,
  status: call.status,
  code,
  endpoint: call.operationId,
  accountId: call.accountId,
  totalMs: Math.round(call.totalMs * 10) / 10,
});
