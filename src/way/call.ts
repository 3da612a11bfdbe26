import type { Account, Caller } from '../domain/account.ts';
import type { AnswerHold } from '../domain/bytes-in-flight.ts';
import type { Clock } from '../domain/clock.ts';
import type { Failure } from '../domain/failure.ts';
import type { HangUp } from '../domain/hang-up.ts';
import type { AttemptEnded, ChargeOutcome } from '../domain/telemetry.ts';
import type { UpstreamCall } from '../domain/upstream.ts';
import type { Answer, Endpoint, Reader } from '../endpoints/endpoint.ts';
import type { Conditions } from '../envelope/etag.ts';
import type { Credentials } from '../keys/credentials.ts';
import type { LimitReading, Meter, Slot } from '../limits/meter.ts';

/** What was asked, by whichever door it came in. */
export interface Asked {
  /** UUID; `meta.request_id` and the `x-request-id` header. */
  readonly requestId: string;
  readonly door: 'http' | 'mcp';
  /** Null where the door found no endpoint behind `method` and `path`. */
  readonly row: Endpoint | null;
  readonly method: string;
  readonly path: string;
  /** As it came, still percent-encoded, without the question mark. */
  readonly query: string;
  /** What the caller has already. */
  readonly conditions?: Conditions;
  readonly credentials: Credentials;
  /** The caller's own, behind trusted balancers; an IPv6 one counts by its /64. */
  readonly address: string;
  /** W3C trace context as the caller sent it, for the story alone. */
  readonly traceparent?: string | undefined;
  /** Epoch ms. */
  readonly receivedAtMs: number;
  /** The same moment on the clock that never goes back. */
  readonly startedAtMs: number;
  /** Aborted when the caller hangs up. */
  readonly hangUp: HangUp;
}

/** What a call came to. */
export type Outcome =
  | { readonly ok: true; readonly row: Endpoint; readonly answer: Answer }
  | { readonly ok: false; readonly failure: Failure };

/** A call at its end: all that its answer and its story tell. Nothing of it changes the month any more. */
export interface Ended {
  readonly asked: Asked;
  readonly outcome: Outcome;
  /** Null where no key was known. */
  readonly caller: Caller | null;
  /** Both limits as of the call's admission, its own refund included; null where nothing can be said. */
  readonly reading: LimitReading | null;
  /** Epoch ms, `meta.timestamp`: of the admission of a spent call, else of the arrival. */
  readonly atMs: number;
  readonly charge: ChargeOutcome;
  /** What of the input may be told to the operator: a repository or a workspace. */
  readonly subject: string | null;
  readonly upstreamMs: number;
  /** Those through exits, as far as they have ended. */
  readonly attempts: readonly AttemptEnded[];
  /** Whose end the door tells, exactly once, when the answer was flushed, cut or thrown away. */
  readonly stay: Stay;
}

/** A call's leave to be in the house, from its admission until its answer is gone. */
export interface Permit {
  leave(): void;
}

/** As `Permit`, with the memory that the answer takes. */
export interface Stay extends Permit {
  /** The answer is whole and takes this many bytes until it is gone. */
  keep(bytes: number): void;
}

/** What the way needs of the house. Each says which refusals it may throw or reject with. */
export interface Rooms {
  readonly clock: Clock;
  /** Longest time a call may take, ms, retries included. */
  readonly deadlineMs: number;
  /** A place among the calls under way. Throws `draining`, `overloaded`. */
  enter(): Permit;
  /** What to say where there is no endpoint: `route_not_found`, `method_not_allowed`. */
  nothingAt(path: string): Failure;
  /** Counts a call of nobody known by its address. Rejects with `rate_exceeded`. */
  guardAddress(address: string): Promise<void>;
  /** Rejects with `key_missing`, `key_invalid`, `invalid_request`, `store_unavailable`. */
  identify(given: Credentials): Promise<Caller>;
  /** A place in this gateway's own second. Rejects with `rate_exceeded`. */
  limitRate(account: Account): Promise<Slot>;
  /** The first bytes of an answer. Rejects with `overloaded` where there is no room until the deadline. */
  reserveRoom(accountId: string, deadlineAtMs: number, hangUp: HangUp): Promise<AnswerHold>;
  readonly meter: Meter;
  /** Told of each reading of a spent call, for the warnings at 80, 90 and 100 % of a month. */
  noteQuota(account: Account, reading: LimitReading): void;
  /** Bitbucket, as this call may read it; `noteMs` learns the time spent waiting for it. */
  readerFor(call: UpstreamCall, noteMs: (ms: number) => void): Reader;
  /** The refusal that stands in place of one: a call past its deadline while the gateway drains. */
  retold(failure: Failure): Failure;
  /** What is no `Failure` becomes one. */
  failureOf(error: unknown): Failure;
}
