import type { ChargeOutcome } from './telemetry.ts';

/** One request through one exit, as the story of its call tells it. */
export interface StoryAttempt {
  readonly exit: string;
  readonly verdict: string;
  readonly status: number | null;
  /** From the call's arrival to the attempt's start, ms. */
  readonly afterMs: number;
  readonly durationMs: number;
  readonly bytesUp: number;
  readonly bytesDown: number;
  readonly isHedge: boolean;
}

/**
 * What is told of a call when it is looked up by its request id: whose it was, how it went, through which exits. Never a
 * key, never a parameter beyond the repository or workspace.
 */
export interface Story {
  readonly requestId: string;
  /** ISO 8601: arrival. */
  readonly receivedAt: string;
  readonly door: string;
  readonly endpoint: string | null;
  readonly accountId: string | null;
  readonly keyId: string | null;
  readonly subject: string | null;
  readonly status: number;
  /** Null on success. */
  readonly code: string | null;
  readonly charge: ChargeOutcome;
  readonly totalMs: number;
  readonly upstreamMs: number;
  readonly bytesOut: number;
  readonly hungUp: boolean;
  readonly attempts: readonly StoryAttempt[];
}
