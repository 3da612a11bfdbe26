import type { BytesHold } from './bytes-in-flight.ts';
import type { Failure } from './failure.ts';
import type { HangUp } from './hang-up.ts';
import type { Spares } from './spares.ts';
import type { AttemptEnded } from './telemetry.ts';

/** One resource of Bitbucket: path and query behind the API's base, percent-encoded. */
export interface UpstreamTarget {
  /** `/repositories/a/b/refs/tags?pagelen=30` */
  readonly target: string;
}

/** One GET to Bitbucket, and what is wanted of its answer. */
export interface UpstreamRequest<Value> extends UpstreamTarget {
  /** Entity tags for `If-None-Match`, at most four, well formed; with them `read` may be handed a 304. */
  readonly ifNoneMatch?: readonly string[];
  /**
   * Looks at the status and headers of an answer below 400 before its body is read. A failure it returns ends
   * the call there: no retry, no redirect followed, no byte of the body paid for.
   */
  readonly refuse?: (head: UpstreamHead) => Failure | undefined;
  /**
   * What the row needs of a whole answer. Null says that it is not what a 200 should be (half an object, another
   * shape): the exit or Bitbucket is at fault, and it is asked for again elsewhere. Pure and quick; may throw
   * `BodyError` through `Body.plain`, which means the same.
   */
  readonly read: (answer: UpstreamAnswer) => Value | null;
}

export interface UpstreamHead {
  readonly status: number;
  /** Lower-case names; repeated headers joined with `, `. */
  readonly headers: Readonly<Record<string, string>>;
}

/** The text of an answer: as it came over the wire, and in plain. */
export interface Body {
  /** `gzip` when `wire` together is one gzip stream as the upstream sent it. */
  readonly encoding: 'identity' | 'gzip';
  /** What came, in its pieces; never changed, so that it can be passed on. */
  readonly wire: readonly Buffer[];
  /**
   * SHA-256 of `wire`, by which what its bytes alone decide is found once however often they come (ADR 48). Null where
   * that would cost as much as to find it.
   */
  digest(): string | null;
  /** The text itself, in UTF-8, inflated at most once. Throws `BodyError` where it is damaged or above 32 MB. */
  plain(): Buffer;
  /**
   * Gives the memory of an inflated text back now instead of leaving it to the collector: what `plain` gave is empty
   * from here on, and nobody may need it. Asked again, it is inflated again.
   */
  forget(): void;
}

/** The pieces of a body as one; a single one as it is. */
export const inOnePiece = (pieces: readonly Buffer[]): Buffer =>
  (pieces.length === 1 && pieces[0]) || Buffer.concat(pieces);

/** A body that cannot be read: damaged, cut or too large. */
export class BodyError extends Error {
  override readonly name = 'BodyError';
}

/** A 200 of Bitbucket of type JSON, or a 304 to `ifNoneMatch` with an empty body. */
export interface UpstreamAnswer extends UpstreamHead {
  readonly body: Body;
  /** Bitbucket's `x-request-id`. */
  readonly requestId: string | undefined;
}

/** On whose behalf, and for how long. One for each call of a caller: all its reads share what it may take. */
export interface UpstreamCall {
  readonly accountId: string;
  /** The account's part when exits are scarce: its calls a second. */
  readonly weight: number;
  /** When the whole call ends, retries included; on `Clock.monotonic`, ms. */
  readonly deadlineAtMs: number;
  /** Aborted when the caller hangs up: no further attempt is made then. */
  readonly hangUp: HangUp;
  /** The request's id, for the log and the story of the call. */
  readonly requestId: string;
  /** Those that ended, for the call's story; who makes one adds it. */
  readonly attempts: AttemptEnded[];
  /** What its reads may still make beyond the first attempt of each. */
  readonly spares: Spares;
  /** The call's room in memory: asked before bytes are kept, the upstream paused without it. */
  readonly room: BytesHold;
}

/** The way out to Bitbucket. */
export interface Upstream {
  /**
   * Reads one resource.
   *
   * Resolves with what `read` made of a 200 whose content type is JSON (or of a 304 to `ifNoneMatch`), after
   * retries over other exits and at most three redirects within the upstream's origin: three attempts more than
   * reads in all reads of one `call`. Rejects with a `Failure`:
   * `upstream_rejected` (its 400, its words), `upstream_forbidden`, `upstream_not_found` (its 401 and 404),
   * `upstream_gone`, `upstream_failed`, `upstream_timeout`, `exits_exhausted`, `overloaded` (no room until the
   * deadline), or what `refuse` returned.
   */
  get<Value>(request: UpstreamRequest<Value>, call: UpstreamCall): Promise<Value>;
  /** Ends every tunnel; calls under way fail. */
  close(): Promise<void>;
}
