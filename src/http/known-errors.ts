import { Failure } from '../domain/failure.ts';

/**
 * What the framework and Node throw before a gate has spoken, in the words of the one table. Whatever is not known
 * here is `internal`: its message and stack are for the log alone.
 */
export function failureOf(error: unknown): Failure {
  if (error instanceof Failure) return error;
  const code = codeOf(error);
  const known = KNOWN[code];
  if (known !== undefined) return known(error);
  return new Failure(
    'internal',
    'Something went wrong here. Try again; if it stays, tell us the request id.',
    {
      cause: error,
    },
  );
}

const badRequest = (message: string) => (cause: unknown) =>
  new Failure('invalid_request', message, { cause });
const tooLarge =
  (name: 'request_too_large' | 'url_too_long' | 'headers_too_large', message: string) => (cause: unknown) =>
    new Failure(name, message, { cause });

const KNOWN: Readonly<Record<string, (cause: unknown) => Failure>> = {
  FST_ERR_BAD_URL: badRequest('The URL is not well formed: check its percent-encoding.'),
  FST_ERR_ASYNC_CONSTRAINT: badRequest('The request cannot be routed.'),
  FST_ERR_MAX_PARAM_LENGTH: tooLarge('url_too_long', 'The URL is too long.'),
  FST_ERR_ROUTE_METHOD_NOT_SUPPORTED: badRequest('The method is unknown.'),
  FST_ERR_CTP_BODY_TOO_LARGE: tooLarge(
    'request_too_large',
    'The body is too large; these endpoints take none.',
  ),
  FST_ERR_CTP_INVALID_MEDIA_TYPE: badRequest('These endpoints take no body of that content type.'),
  FST_ERR_CTP_INVALID_JSON_BODY: badRequest('The body is not valid JSON.'),
  FST_ERR_CTP_EMPTY_JSON_BODY: badRequest('The body is empty although its content type is JSON.'),
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: badRequest('The body is not as long as content-length says.'),
  HPE_HEADER_OVERFLOW: tooLarge('headers_too_large', 'The request line or its headers are too large.'),
  HPE_CHUNK_EXTENSIONS_OVERFLOW: tooLarge('request_too_large', 'The chunk extensions are too large.'),
  ERR_HTTP_REQUEST_TIMEOUT: (cause) =>
    new Failure('request_timeout', 'The request took too long to arrive. Send it again.', { cause }),
};

function codeOf(error: unknown): string {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : '';
}

/** As `failureOf`, for what the HTTP parser refused before there was a request. */
export function clientFailureOf(error: unknown): Failure {
  const failure = failureOf(error);
  return failure.code === 'internal' ? badRequest('The request is not well-formed HTTP.')(error) : failure;
}
