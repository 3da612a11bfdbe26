import { codeOf, FAILURE_NAMES, FAILURES, type FailureCode, type FailureName } from '../domain/failure.ts';

/** What a page says beside the table of failures: what led here, and what leads on. */
interface Told {
  readonly happened: string;
  readonly todo: string;
}

const BUSY =
  'Wait as long as `Retry-After` says, then send the same call again. Clients that retry add jitter.';

const TOLD: Readonly<Record<FailureCode, Told>> = {
  invalid_request: {
    happened:
      'A parameter is missing, unknown, given twice or outside its bounds, or the request is no good HTTP. Bitbucket was not asked.',
    todo: 'Read `meta.details`: each entry names a parameter and what it takes; a misspelt name comes with the one that was probably meant.',
  },
  not_a_directory: {
    happened: '`path` is a file at that `ref`; this endpoint lists directories.',
    todo: 'Ask for the directory that holds the file. Its entries have the size and type of the file.',
  },
  upstream_rejected: {
    happened: 'Bitbucket refused the query, nearly always `q` (BBQL) or `sort`. `message` has its own words.',
    todo: 'Mend the query: texts in double quotes, `~` for contains, fields that this list has. Each list has an example of its own.',
  },
  key_missing: {
    happened: 'No key was sent, or not where it is looked for. `message` says what was seen instead.',
    todo: 'Send `x-oanor-key: <key>`, or `Authorization: Bearer <key>`. Never in the URL.',
  },
  key_invalid: {
    happened: 'The key is unknown, revoked, or past the overlap of a rotation.',
    todo: 'Look for lost characters, or take a new key at https://www.oanor.com/developer/keys: it works on the next call.',
  },
  subscription_inactive: {
    happened: 'The key is good, but its account is suspended or has expired.',
    todo: 'Renew the subscription, or write to whoever runs the account. The key works again at once.',
  },
  upstream_forbidden: {
    happened:
      'Bitbucket knows the workspace and shows it to nobody without a token: it is private or deactivated.',
    todo: 'Nothing here can read it. Single public repositories in it may still be readable by `/v1/repo`.',
  },
  upstream_not_found: {
    happened:
      'Bitbucket shows no such thing to the public. A private repository looks the same as a missing one.',
    todo: 'Check workspace, slug, ref and path. Renamed repositories answer under their new name alone.',
  },
  route_not_found: {
    happened: 'There is no endpoint at this path.',
    todo: 'Take the path that `message` proposes, or one of those in `/bitbucket-api/docs`.',
  },
  method_not_allowed: {
    happened: 'Endpoints are for reading: `GET` and `HEAD`.',
    todo: 'Use a method that the `Allow` header names.',
  },
  request_timeout: {
    happened: 'The request did not arrive whole in time.',
    todo: 'Send it again, on a faster connection.',
  },
  upstream_gone: {
    happened: 'Bitbucket has removed this for good and says so.',
    todo: 'Stop asking for it.',
  },
  request_too_large: {
    happened: 'The URL, the headers or the body are larger than is taken.',
    todo: 'Shorten `q` or `path`, drop cookies and other headers, send no body.',
  },
  rate_exceeded: {
    happened:
      'More calls in one sliding second than the plan has, over all keys of the account; or too many calls without a good key from one address.',
    todo: 'Wait as long as `Retry-After` says and spread calls: `x-ratelimit-remaining` tells what is left of the second.',
  },
  quota_exhausted: {
    happened: 'All calls of the calendar month (UTC) are used.',
    todo: 'Wait for the next month (`x-quota-reset`), or take a larger plan: what was used stays counted, and the difference is there at once. `/bitbucket-api/usage` shows where the calls went.',
  },
  internal: {
    happened: 'Something is broken here, and it was noted.',
    todo: 'Try again; if it stays, tell us `meta.request_id`.',
  },
  upstream_failed: {
    happened: 'Bitbucket was reached and gave no usable answer, after retries over other ways out.',
    todo: 'Try again in a moment. With `q`, make the query smaller: a heavy one makes Bitbucket fail.',
  },
  exits_exhausted: {
    happened:
      'Bitbucket grants each address 60 calls an hour, and every way out of this gateway is spent or set aside.',
    todo: BUSY,
  },
  store_unavailable: {
    happened: 'Keys and limits cannot be looked up at the moment. It says nothing about your key.',
    todo: BUSY,
  },
  overloaded: {
    happened: 'More answers are under way than this gateway has room for.',
    todo: BUSY,
  },
  draining: {
    happened: 'This gateway is about to be restarted and takes no new calls.',
    todo: `${BUSY} Another gateway takes the call.`,
  },
  upstream_timeout: {
    happened: 'Bitbucket did not answer before the deadline of the call.',
    todo: 'Try again. A smaller `pagelen` or a lighter `q` answers sooner.',
  },
};

/** An envelope as callers get it for `name`; `docs` is its page. */
export const exampleOf = (name: FailureName, docs: string): Readonly<Record<string, unknown>> => ({
  data: null,
  meta: {
    timestamp: '2026-06-02T16:52:14.392Z',
    request_id: '3431cfbf-4af7-4c3b-85c5-ecd19efc6cde',
    code: codeOf(name),
    docs,
  },
  status: 'error',
  message: FAILURES[name].example,
  success: false,
});

/** All that a caller who met `code` wants to know, as Markdown. `docs` is this page's own URL. */
export function errorPage(code: FailureCode, docs: string): string {
  const names = FAILURE_NAMES.filter((name) => codeOf(name) === code);
  const { charged } = FAILURES[code];
  const { happened, todo } = TOLD[code];
  return `# \`${code}\` (${names.map((name) => FAILURES[name].status).join(', ')})

## What happened
${happened}

## What it costs
${charged ? 'One call: it is an answer of Bitbucket’s.' : 'Nothing: the month is as it was before the call.'}

## What to do
${todo}

## Example
\`\`\`json
${JSON.stringify(exampleOf(code, docs), null, 4)}
\`\`\`
`;
}
