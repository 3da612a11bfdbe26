import { Failure } from '../domain/failure.ts';
import { OperatorError } from '../domain/operator.ts';

/** How a request to the door ends without data, beside the callers' own codes. */
export const DOOR_CODES = {
  invalid_request: 400,
  unauthorized: 401,
  forbidden: 403,
  not_found: 404,
  method_not_allowed: 405,
  idempotency_conflict: 409,
  request_too_large: 413,
  rate_exceeded: 429,
  internal: 500,
  store_unavailable: 503,
} as const;

export type DoorCode = keyof typeof DOOR_CODES;

export interface DoorFault {
  readonly parameter: string;
  readonly message: string;
}

/** A request that the door refuses. The message is for the operator; `cause` for the log. */
export class DoorFailure extends Error {
  override readonly name = 'DoorFailure';
  readonly code: DoorCode;
  readonly details: readonly DoorFault[];
  /** When trying again makes sense, ms. */
  readonly retryAfterMs: number | undefined;

  constructor(
    code: DoorCode,
    message: string,
    { cause, details = [], retryAfterMs }: DoorFailureOptions = {},
  ) {
    super(message, { cause });
    this.code = code;
    this.details = details;
    this.retryAfterMs = retryAfterMs;
  }

  get status(): number {
    return DOOR_CODES[this.code];
  }
}

interface DoorFailureOptions {
  readonly cause?: unknown;
  readonly details?: readonly DoorFault[];
  readonly retryAfterMs?: number;
}

/** Whatever was thrown behind the door, in its own words; what is not known here is `internal`. */
export function doorFailureOf(error: unknown): DoorFailure {
  if (error instanceof DoorFailure) return error;
  if (error instanceof OperatorError) return ofOperator(error);
  if (error instanceof Failure) return ofCallersTable(error);
  const status = statusOf(error);
  if (status === 413) return new DoorFailure('request_too_large', 'The body is too large.', { cause: error });
  if (status !== undefined && status >= 400 && status < 500)
    return new DoorFailure(
      'invalid_request',
      'The request cannot be read: check its URL, content type and body.',
      {
        cause: error,
      },
    );
  return new DoorFailure('internal', 'Something went wrong here; the log knows more under this request id.', {
    cause: error,
  });
}

function ofOperator({ code, message, parameter }: OperatorError): DoorFailure {
  const details = parameter === null ? [] : [{ parameter, message }];
  return new DoorFailure(code, message, { details });
}

function ofCallersTable(failure: Failure): DoorFailure {
  const { code, message, retryAfterMs } = failure;
  const known: DoorCode = code in DOOR_CODES ? (code as DoorCode) : 'internal';
  return new DoorFailure(known, message, {
    cause: failure,
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
}

function statusOf(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null || !('statusCode' in error)) return undefined;
  return typeof error.statusCode === 'number' ? error.statusCode : undefined;
}
