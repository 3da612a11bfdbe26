import { Failure, type FailureName } from '../domain/failure.ts';

/**
 * What the framework and Node throw before a gate has spoken, in the words of the one table. Whatever is not known
 * here is `internal`: its message and stack are for the log alone.
 */
export function failureOf(error: unknown): Failure {
  if (error instanceof Failure) return error;
  const known = KNOWN[errnoOf(error) ?? ''];
  if (known === undefined) return Failure.of('internal', { cause: error });
  const [name, message] = known;
  return message === undefined
    ? Failure.of(name, { cause: error })
    : new Failure(name, message, { cause: error });
}

/** By the code of the error; without a message the table's own. */
const KNOWN: Readonly<Record<string, readonly [name: FailureName, message?: string]>> = {
  FST_ERR_BAD_URL: ['invalid_request', 'The URL is not well formed: check its percent-encoding.'],
  FST_ERR_ASYNC_CONSTRAINT: ['invalid_request', 'The request cannot be routed.'],
  FST_ERR_MAX_PARAM_LENGTH: ['url_too_long'],
  FST_ERR_ROUTE_METHOD_NOT_SUPPORTED: ['invalid_request', 'The method is unknown.'],
  FST_ERR_CTP_BODY_TOO_LARGE: ['request_too_large'],
  FST_ERR_CTP_INVALID_MEDIA_TYPE: ['invalid_request', 'These endpoints take no body of that content type.'],
  FST_ERR_CTP_INVALID_JSON_BODY: ['invalid_request', 'The body is not valid JSON.'],
  FST_ERR_CTP_EMPTY_JSON_BODY: ['invalid_request', 'The body is empty although its content type is JSON.'],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: ['invalid_request', 'The body is not as long as content-length says.'],
  HPE_HEADER_OVERFLOW: ['headers_too_large'],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: ['request_too_large', 'The chunk extensions are too large.'],
  ERR_HTTP_REQUEST_TIMEOUT: ['request_timeout'],
};

/** The code that Node, its parser and the framework give their errors. */
export function errnoOf(error: unknown): string | undefined {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : undefined;
}

/** As `failureOf`, for what the HTTP parser refused before there was a request. */
export function clientFailureOf(error: unknown): Failure {
  const failure = failureOf(error);
  return failure.code === 'internal'
    ? new Failure('invalid_request', 'The request is not well-formed HTTP.', { cause: error })
    : failure;
}
