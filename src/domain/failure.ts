/**
 * Every way a call ends without data: its code, the HTTP status it leaves with and whether it costs the
 * caller a call of the month. Bitbucket's own refusals are answers and are charged; what is told without
 * Bitbucket, and what is our or Bitbucket's fault, is free.
 */
export const FAILURES = {
  invalid_request: { status: 400, charged: false },
  not_a_directory: { status: 400, charged: true },
  upstream_rejected: { status: 400, charged: true },
  key_missing: { status: 401, charged: false },
  key_invalid: { status: 401, charged: false },
  subscription_inactive: { status: 402, charged: false },
  upstream_forbidden: { status: 403, charged: true },
  upstream_not_found: { status: 404, charged: true },
  route_not_found: { status: 404, charged: false },
  method_not_allowed: { status: 405, charged: false },
  request_timeout: { status: 408, charged: false },
  upstream_gone: { status: 410, charged: true },
  request_too_large: { status: 413, charged: false },
  rate_exceeded: { status: 429, charged: false },
  quota_exhausted: { status: 429, charged: false },
  internal: { status: 500, charged: false },
  upstream_failed: { status: 502, charged: false },
  exits_exhausted: { status: 503, charged: false },
  store_unavailable: { status: 503, charged: false },
  overloaded: { status: 503, charged: false },
  draining: { status: 503, charged: false },
  upstream_timeout: { status: 504, charged: false },
} as const satisfies Record<string, { status: number; charged: boolean }>;

export type FailureCode = keyof typeof FAILURES;

/** One thing wrong with one parameter, told to the caller in `meta.details`. */
export interface Detail {
  readonly parameter: string;
  readonly message: string;
}

export interface FailureOptions {
  /** What is wrong with which parameter; for `invalid_request`. */
  readonly details?: readonly Detail[];
  /** When trying again makes sense; leaves as `Retry-After`, rounded up to whole seconds. */
  readonly retryAfterMs?: number;
  /** Another status than the table's, of the same code: 414 and 431 beside 413. */
  readonly status?: number;
  /** Headers that belong to the refusal: `Allow`, `WWW-Authenticate`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Bitbucket's own request id, where it answered. */
  readonly upstreamRequestId?: string;
  /** For the log alone. */
  readonly cause?: unknown;
}

/** An expected way to end without data. `message` is for the caller; `cause` is for the log. */
export class Failure extends Error {
  override readonly name = 'Failure';
  readonly code: FailureCode;
  readonly status: number;
  readonly details: readonly Detail[];
  readonly retryAfterMs: number | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly upstreamRequestId: string | undefined;

  constructor(code: FailureCode, message: string, options: FailureOptions = {}) {
    super(message, { cause: options.cause });
    this.code = code;
    this.status = options.status ?? FAILURES[code].status;
    this.details = options.details ?? [];
    this.retryAfterMs = options.retryAfterMs;
    this.headers = options.headers ?? {};
    this.upstreamRequestId = options.upstreamRequestId;
  }

  /** Whether a call that ends this way costs one of the month. */
  get charged(): boolean {
    return FAILURES[this.code].charged;
  }
}

/** A refusal of what the caller sent, naming the parameter at fault. */
export function invalid(parameter: string, message: string): Failure {
  return new Failure('invalid_request', message, { details: [{ parameter, message }] });
}
