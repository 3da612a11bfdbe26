import type { FailureCode } from './failure.ts';

/** How an attempt through one exit ended, in one word of a closed list. */
export type AttemptVerdict =
  | 'answered' // an answer of Bitbucket below 500, its refusals included
  | 'unchanged' // 304
  | 'spent' // 429
  | 'upstream_error' // 5xx, 408, 555
  | 'blocked' // the edge's own page: HTML on 2xx, 403 or 5xx
  | 'broken' // cut, half an object, damaged
  | 'too_large'
  | 'refused' // the proxy or host refused the connection
  | 'credentials' // 401, 402, 403, 407 on CONNECT
  | 'certificate'
  | 'proxy_error' // any other answer or fault of the proxy, spoke before TLS included
  | 'timeout'
  | 'abandoned'; // the caller hung up, or another attempt won, before it was sent

/** One request through one exit, told once when it has ended. */
export interface AttemptEnded {
  readonly requestId: string;
  /** On whose behalf. */
  readonly accountId: string;
  /** The exit as operators know it; never its password. */
  readonly exit: string;
  /** The entry of the list that made the exit. */
  readonly source: string;
  readonly verdict: AttemptVerdict;
  /** Bitbucket's status, where it answered. */
  readonly status: number | null;
  readonly startedAtMs: number;
  readonly durationMs: number;
  /** Through the exit, headers included where they are known; what the proxy bills. */
  readonly bytesUp: number;
  readonly bytesDown: number;
  readonly isHedge: boolean;
}

/** Whether somebody is paid for its bytes: this machine's own address costs nothing. */
export const isPaid = ({ source }: Pick<AttemptEnded, 'source'>): boolean => source !== 'direct';

/** What a call cost its account. */
export type ChargeOutcome = 'charged' | 'refunded' | 'free';

/** One call, told once when its answer has been flushed, cut or hung up on. */
export interface CallEnded {
  readonly requestId: string;
  readonly door: 'http' | 'mcp';
  /** Null where no endpoint was reached. */
  readonly operationId: string | null;
  /** Null where no key was known. */
  readonly accountId: string | null;
  readonly keyId: string | null;
  /** `workspace/slug` or the workspace, where input was read; nothing else of the query. */
  readonly subject: string | null;
  readonly status: number;
  /** Null on success. */
  readonly code: FailureCode | null;
  readonly charge: ChargeOutcome;
  /** Epoch ms: arrival. */
  readonly receivedAtMs: number;
  readonly totalMs: number;
  readonly upstreamMs: number;
  /** Body bytes to the caller. */
  readonly bytesOut: number;
  readonly attempts: readonly AttemptEnded[];
  readonly hungUp: boolean;
  /** W3C trace context as the caller sent it, where it was well formed. */
  readonly traceparent?: string | undefined;
  /** For the log alone: what was behind a failure of ours. */
  readonly cause?: unknown;
}

/** An exit that left or came back to service, told once per change. */
export interface ExitChanged {
  readonly exit: string;
  readonly source: string;
  readonly state: 'healthy' | 'ejected' | 'spent' | 'retired' | 'set_aside';
  readonly reason: string | null;
}

/** Who wants to know what happened. No method throws or waits. The log line is the first listener. */
export interface Telemetry {
  callEnded(call: CallEnded): void;
  attemptEnded(attempt: AttemptEnded): void;
  exitChanged(change: ExitChanged): void;
}

/** One telemetry out of many listeners. */
export function joinedTelemetry(listeners: readonly Telemetry[]): Telemetry {
  return {
    callEnded: (call) => {
      for (const listener of listeners) listener.callEnded(call);
    },
    attemptEnded: (attempt) => {
      for (const listener of listeners) listener.attemptEnded(attempt);
    },
    exitChanged: (change) => {
      for (const listener of listeners) listener.exitChanged(change);
    },
  };
}

/** Nobody listens. */
export const silentTelemetry: Telemetry = joinedTelemetry([]);
