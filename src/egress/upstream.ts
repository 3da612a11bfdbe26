import type { Failure } from '../domain/failure.ts';

/** One GET to Bitbucket, as data. */
export interface UpstreamRequest {
  /** Path and query behind the API's base, percent-encoded: `/repositories/a/b/refs/tags?pagelen=30`. */
  readonly target: string;
  /**
   * Looks at the status and headers of an answer below 400 before its body is read. A failure it returns ends
   * the call there: no retry, no redirect followed, no byte of the body paid for.
   */
  readonly refuse?: (head: UpstreamHead) => Failure | undefined;
}

export interface UpstreamHead {
  readonly status: number;
  /** Lower-case names; repeated headers joined with `, `. */
  readonly headers: Readonly<Record<string, string>>;
}

/** A 200 of Bitbucket, whole and decompressed, of type JSON. What is in it is still to be judged. */
export interface UpstreamAnswer extends UpstreamHead {
  readonly body: Buffer;
  /** Bitbucket's `x-request-id`. */
  readonly requestId: string | undefined;
}

/** On whose behalf, and for how long. */
export interface UpstreamCall {
  readonly accountId: string;
  /** The account's part when exits are scarce: its calls a second. */
  readonly weight: number;
  /** When the whole call ends, retries included; on `Clock.monotonic`, ms. */
  readonly deadlineAtMs: number;
  /** Aborted when the caller hangs up: no further attempt is made then. */
  readonly hangUp: AbortSignal;
  /** The request's id, for the log. */
  readonly requestId: string;
}

/** The way out to Bitbucket. */
export interface Upstream {
  /**
   * Reads one resource.
   *
   * Resolves with a 200 whose content type is JSON, after retries over other exits and at most three redirects
   * within the upstream's origin. Rejects with a `Failure`: `upstream_rejected` (its 400, its words),
   * `upstream_forbidden`, `upstream_not_found` (its 401 and 404), `upstream_gone`, `upstream_failed`,
   * `upstream_timeout`, `exits_exhausted`, or what `refuse` returned.
   */
  get(request: UpstreamRequest, call: UpstreamCall): Promise<UpstreamAnswer>;
  /** Ends every tunnel; calls under way fail. */
  close(): Promise<void>;
}
