/** One way to end without data. */
interface FailureRow {
  readonly status: number;
  /** Whether it costs the caller a call of the month. */
  readonly charged: boolean;
  /** What callers read in `meta.code`, where it is not the row's own name. */
  readonly code?: 'request_too_large';
  /** A message as callers know it: the one that is sent where there is nothing more to say. */
  readonly example: string;
  /** What a caller does about it. */
  readonly advice: string;
}

/**
 * Every way a call ends without data. Bitbucket's own refusals are answers and are charged; what is told without
 * Bitbucket, and what is our or Bitbucket's fault, is free.
 */
export const FAILURES = {
  invalid_request: {
    status: 400,
    charged: false,
    example: '`pagelen` is a whole number from 1 to 100.',
    advice: '`meta.details` names the parameter',
  },
  not_a_directory: {
    status: 400,
    charged: true,
    example: '`README.md` is a file. This endpoint lists directories: ask for the one it is in.',
    advice: 'ask for the directory that holds the file',
  },
  upstream_rejected: {
    status: 400,
    charged: true,
    example: 'Bitbucket refused the request: Invalid filter query expression: Syntax error in input.',
    advice: "Bitbucket's own words: mend `q` or `sort`",
  },
  key_missing: {
    status: 401,
    charged: false,
    example: 'A key is needed. Send it in the `x-oanor-key` header.',
    advice: 'send a key in `x-oanor-key`, or as `Authorization: Bearer`',
  },
  key_invalid: {
    status: 401,
    charged: false,
    example: 'This key is unknown or no longer valid.',
    advice: 'send a good key: this one is mistyped, revoked or past its overlap',
  },
  subscription_inactive: {
    status: 402,
    charged: false,
    example: 'The subscription behind this key is suspended or has expired. Renew it to go on.',
    advice: 'renew the subscription',
  },
  upstream_forbidden: {
    status: 403,
    charged: true,
    example: 'You do not have access to this workspace.',
    advice: 'the workspace is private or deactivated',
  },
  upstream_not_found: {
    status: 404,
    charged: true,
    example: 'You may not have access to this repository or it no longer exists in this workspace.',
    advice: 'check the name; a private repository looks the same',
  },
  route_not_found: {
    status: 404,
    charged: false,
    example: 'There is nothing here.',
    advice: 'check the path',
  },
  method_not_allowed: {
    status: 405,
    charged: false,
    example: 'Only GET, HEAD, OPTIONS work here.',
    advice: 'use a method that `Allow` names',
  },
  request_timeout: {
    status: 408,
    charged: false,
    example: 'The request took too long to arrive. Send it again.',
    advice: 'send the request faster',
  },
  upstream_gone: {
    status: 410,
    charged: true,
    example: 'Bitbucket has removed this for good.',
    advice: 'Bitbucket removed it for good',
  },
  request_too_large: {
    status: 413,
    charged: false,
    example: 'The body is too large; these endpoints take none.',
    advice: 'send a smaller body',
  },
  url_too_long: {
    status: 414,
    charged: false,
    code: 'request_too_large',
    example: 'The URL is too long.',
    advice: 'send a shorter URL',
  },
  rate_exceeded: {
    status: 429,
    charged: false,
    example: 'More than 2 calls in one second, the rate of the plan free. Wait as long as Retry-After says.',
    advice: 'wait as long as `Retry-After` says',
  },
  quota_exhausted: {
    status: 429,
    charged: false,
    example: 'All 1850 calls of this month are used.',
    advice: 'wait for the next month, or take a larger plan',
  },
  headers_too_large: {
    status: 431,
    charged: false,
    code: 'request_too_large',
    example: 'The request line or its headers are too large.',
    advice: 'send fewer or shorter headers',
  },
  internal: {
    status: 500,
    charged: false,
    example: 'Something went wrong here. Try again; if it stays, tell us the request id.',
    advice: 'tell us `meta.request_id`',
  },
  upstream_failed: {
    status: 502,
    charged: false,
    example: 'Bitbucket could not be read. Try again.',
    advice: 'try again; with `q`, the query may be the cause',
  },
  exits_exhausted: {
    status: 503,
    charged: false,
    example: 'No way out to Bitbucket is free. Wait as long as Retry-After says.',
    advice: 'wait as long as `Retry-After` says',
  },
  store_unavailable: {
    status: 503,
    charged: false,
    example: 'Keys cannot be looked up right now. Try again.',
    advice: 'wait as long as `Retry-After` says',
  },
  overloaded: {
    status: 503,
    charged: false,
    example: 'Too many calls at once. Try again.',
    advice: 'wait as long as `Retry-After` says',
  },
  draining: {
    status: 503,
    charged: false,
    example: 'This gateway is being restarted. Try again.',
    advice: 'wait as long as `Retry-After` says; another gateway takes the call',
  },
  upstream_timeout: {
    status: 504,
    charged: false,
    example: 'Bitbucket did not answer in time. Try again.',
    advice: 'try again',
  },
} as const satisfies Record<string, FailureRow>;

export type FailureName = keyof typeof FAILURES;
/** What callers read in `meta.code`. */
export type FailureCode = Exclude<FailureName, 'url_too_long' | 'headers_too_large'>;

export const FAILURE_NAMES = Object.keys(FAILURES) as FailureName[];

/** The code that callers read for a row: three rows share one. */
export const codeOf = (name: FailureName): FailureCode =>
  name === 'url_too_long' || name === 'headers_too_large' ? FAILURES[name].code : name;

/** Each code once, in the order of the table. */
export const FAILURE_CODES: readonly FailureCode[] = [...new Set(FAILURE_NAMES.map(codeOf))];

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

  constructor(name: FailureName, message: string, options: FailureOptions = {}) {
    super(message, { cause: options.cause });
    this.code = codeOf(name);
    this.status = FAILURES[name].status;
    this.details = options.details ?? [];
    this.retryAfterMs = options.retryAfterMs;
    this.headers = options.headers ?? {};
    this.upstreamRequestId = options.upstreamRequestId;
  }

  /** In the table's own words. */
  static of(name: FailureName, options: FailureOptions = {}): Failure {
    return new Failure(name, FAILURES[name].example, options);
  }

  /** As `Retry-After` says it: whole seconds, 1 at least. */
  get retryAfterS(): number | undefined {
    return this.retryAfterMs === undefined ? undefined : Math.max(1, Math.ceil(this.retryAfterMs / 1_000));
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
