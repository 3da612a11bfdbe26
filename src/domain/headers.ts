/** Where a caller sends its key; `Authorization: Bearer` is the other way. */
export const KEY_HEADER = 'x-oanor-key';

/** What answers carry beside HTTP's own, and what each says. All are shown to scripts in browsers. */
export const ANSWER_HEADERS = {
  'x-request-id': 'UUID of the call, as in `meta.request_id`.',
  'x-upstream-request-id': "Bitbucket's own id of the request.",
  'x-ratelimit-limit': 'Calls a second of the plan.',
  'x-ratelimit-remaining': 'Calls left in this second.',
  'x-ratelimit-reset': 'Whole seconds until all of them are free again.',
  'x-quota-limit': 'Calls a month of the plan.',
  'x-quota-remaining': 'Calls left in this month.',
  'x-quota-reset': 'Whole seconds until the next month.',
  ratelimit: 'Both limits as they stand (draft-ietf-httpapi-ratelimit-headers-11).',
  'ratelimit-policy': 'Both limits (draft-ietf-httpapi-ratelimit-headers-11).',
  'server-timing': 'Milliseconds: `upstream` and `total`.',
  etag: 'Weak; of `data` alone. Send it back as `If-None-Match`.',
  link: 'Where a list goes on (RFC 8288): `next`, `prev`, `first`; on failures `help`, the page about the code.',
  'retry-after': 'Seconds to wait.',
  'www-authenticate': 'How to send a key.',
} as const satisfies Record<string, string>;

/** A header of ours. A name that is not in the table does not compile where headers are set. */
export type AnswerHeader = keyof typeof ANSWER_HEADERS;

/** HTTP's own headers, where there is something to say about them. */
export const HTTP_HEADERS = {
  'cache-control':
    '`private, no-cache`: may be kept, and must be asked about with `If-None-Match` before use.',
  allow: 'The methods that work here.',
} as const satisfies Record<string, string>;

/** What a script in a browser may read. */
export const EXPOSED_HEADERS = Object.keys(ANSWER_HEADERS).join(', ');

/** What a script in a browser may send. */
export const ALLOWED_HEADERS = `${KEY_HEADER}, authorization, if-none-match, accept`;
