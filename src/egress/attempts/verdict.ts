import { Failure } from '../../domain/failure.ts';
import type { AttemptVerdict } from '../../domain/telemetry.ts';
import {
  BodyError,
  type UpstreamAnswer,
  type UpstreamHead,
  type UpstreamRequest,
} from '../../domain/upstream.ts';
import { restSaid } from '../exits/said.ts';
import { createBody } from './body.ts';
import { BodyTooLargeError } from './inflate.ts';
import { type Answered, refusalOf, requestIdOf, textOf } from './refusal.ts';
import type { Result } from './result.ts';

/** What an attempt means for its call. All but `elsewhere` end the call or its hop, and win at once against any other. */
export type Verdict =
  | { readonly kind: 'answer'; readonly value: unknown }
  | { readonly kind: 'redirect'; readonly location: string }
  /** Nothing to be asked for again: an answer without data, or ours to tell. */
  | { readonly kind: 'refusal'; readonly failure: Error }
  | Elsewhere;

export interface Elsewhere {
  readonly kind: 'elsewhere';
  /** `after jitter` asks for a retry of the allowance: the fault may be Bitbucket's own. */
  readonly when: 'at once' | 'after jitter';
  readonly why: Why;
  /** What is remembered of it when the next attempt is judged. */
  readonly cause?: '500' | 'brown-out';
  /** What the caller is told when nothing else comes of the call. */
  readonly failure: Failure;
}

/** How far it got: nothing of the call reached Bitbucket, its limit refused it, it failed, or its answer did not come. */
export type Why = 'unreached' | 'spent' | 'failed' | 'late';

/** What an attempt was, in telemetry's word. */
export type Named = { readonly verdict: Verdict; readonly name: AttemptVerdict };

/** What is known when an attempt is judged, beside what it came to. */
export interface AttemptCircumstances {
  readonly request: UpstreamRequest<unknown>;
  /** For HTTP dates, epoch ms. */
  readonly nowMs: number;
  /** Whether an attempt before it in this call ended in a 500. */
  readonly hasFailed500: boolean;
  /** Whether one before it met a brown-out. */
  readonly hadBrownOut: boolean;
}

/** What an attempt means: to be passed on, or to be asked for again elsewhere. Pure but for the row's own `read`. */
export function judge(result: Exclude<Result, { kind: 'abandoned' }>, about: AttemptCircumstances): Named {
  switch (result.kind) {
    case 'answer':
      return judgeAnswer(result.head, result.wire, about);
    case 'refused':
      return named('answered', { kind: 'refusal', failure: result.failure });
    case 'too_large':
      return named('too_large', { kind: 'refusal', failure: tooLarge(result.head) });
    case 'no_room':
      return named('timeout', { kind: 'refusal', failure: noRoom() });
    case 'fault':
      return judgeFault(result);
  }
}

const named = (name: AttemptVerdict, verdict: Verdict): Named => ({ name, verdict });

function judgeFault({ fault, sent }: Extract<Result, { kind: 'fault' }>): Named {
  const cause = fault.words;
  if (fault.verdict === 'timeout' && sent)
    return named('timeout', elsewhere('at once', 'late', tooLate(cause)));
  if (!sent) return named(fault.verdict, elsewhere('at once', 'unreached', unread(cause)));
  return named(fault.verdict, elsewhere('after jitter', 'failed', unread(cause)));
}

function judgeAnswer(head: UpstreamHead, wire: readonly Buffer[], about: AttemptCircumstances): Named {
  const { status } = head;
  if (status === 429) return named('spent', elsewhere('at once', 'spent', spent(head, about.nowMs)));
  if (isOfTheEdge(head)) return named('blocked', elsewhere('after jitter', 'failed', edgePage(head)));
  if (status === 408 || status >= 500) return judgeUpstreamError(head, about);
  if (status === 304 && about.request.ifNoneMatch !== undefined)
    return readAnswer(head, [], about, 'unchanged');
  if (status < 300) return readAnswer(head, wire, about, 'answered');
  if (status < 400) return judgeRedirect(head);
  return judgeRefusal({ ...head, wire }, about);
}

/** HTML that answers in place of the API. A 404 as HTML is Bitbucket's own word for senseless paths. */
export const isOfTheEdge = ({ status, headers }: UpstreamHead) =>
  /^text\/html\b/i.test(headers['content-type'] ?? '') && (status < 300 || status === 403 || status >= 500);

const isJson = ({ headers }: UpstreamHead) =>
  /^application\/(.+\+)?json\b/i.test(headers['content-type'] ?? '');

const asksQuery = ({ target }: UpstreamRequest<unknown>) => /[?&]q=/.test(target);

/** A 500 on a query may be the query's fault: that is found out with one more attempt, not with four. */
function judgeUpstreamError(head: UpstreamHead, { request, hasFailed500 }: AttemptCircumstances): Named {
  const hasQuery = asksQuery(request);
  const cause = hasQuery ? ' The query `q` may be the cause: Bitbucket fails on some.' : '';
  const failure = new Failure(
    'upstream_failed',
    `Bitbucket failed (status ${head.status}).${cause}`,
    requestIdOf(head),
  );
  const isTheQuery = head.status === 500 && hasQuery && hasFailed500;
  return named(
    'upstream_error',
    isTheQuery
      ? { kind: 'refusal', failure }
      : {
          ...elsewhere('after jitter', 'failed', failure),
          ...(head.status === 500 ? { cause: '500' } : {}),
        },
  );
}

function judgeRedirect(head: UpstreamHead): Named {
  const { location } = head.headers;
  if (head.status !== 304 && location !== undefined) return named('answered', { kind: 'redirect', location });
  return named('answered', { kind: 'refusal', failure: refusalOf({ ...head, wire: [] }) });
}

/** During brown-outs single workspaces answered as if the function had been removed: asked once more. */
function judgeRefusal(answer: Answered, { request, hadBrownOut }: AttemptCircumstances): Named {
  const failure = refusalOf(answer);
  const mayBeBrownOut = answer.status === 410 && !hadBrownOut && request.target.startsWith('/workspaces/');
  if (mayBeBrownOut && isBrownOut(answer))
    return named('answered', { ...elsewhere('at once', 'failed', failure), cause: 'brown-out' });
  return named('answered', { kind: 'refusal', failure });
}

const isBrownOut = (answer: Answered) => textOf(answer).includes('CHANGE-2770');

/** What the row makes of an answer; a page that is not JSON, or half an object, is somebody else's fault. */
function readAnswer(
  head: UpstreamHead,
  wire: readonly Buffer[],
  { request }: AttemptCircumstances,
  name: 'answered' | 'unchanged',
): Named {
  if (name === 'answered' && !isJson(head))
    return broken(head, 'Bitbucket sent a page instead of data. Try again.');
  try {
    const body = createBody(wire, head.headers['content-encoding']);
    const answer: UpstreamAnswer = { ...head, body, requestId: head.headers['x-request-id'] };
    const value = request.read(answer);
    return value === null ? broken(head, NOT_WHOLE) : named(name, { kind: 'answer', value });
  } catch (error) {
    if (error instanceof BodyTooLargeError)
      return named('too_large', { kind: 'refusal', failure: tooLarge(head) });
    if (error instanceof BodyError) return broken(head, NOT_WHOLE);
    return named(name, { kind: 'refusal', failure: error as Error });
  }
}

const NOT_WHOLE = 'Bitbucket sent an answer that is not whole. Try again.';

const broken = (head: UpstreamHead, message: string): Named =>
  named(
    'broken',
    elsewhere('after jitter', 'failed', new Failure('upstream_failed', message, requestIdOf(head))),
  );

const elsewhere = (when: Elsewhere['when'], why: Why, failure: Failure): Elsewhere => ({
  kind: 'elsewhere',
  when,
  why,
  failure,
});

const edgePage = (head: UpstreamHead) =>
  new Failure('upstream_failed', 'Bitbucket sent a page instead of data. Try again.', requestIdOf(head));
const spent = (head: UpstreamHead, nowMs: number) =>
  new Failure(
    'exits_exhausted',
    'Bitbucket says that too many calls were made. Wait as long as Retry-After says.',
    { retryAfterMs: restSaid(head.headers, nowMs), ...requestIdOf(head) },
  );
const unread = (cause: string) =>
  new Failure('upstream_failed', 'Bitbucket could not be read. Try again.', { cause });
const tooLarge = (head: UpstreamHead) =>
  new Failure('upstream_failed', 'Bitbucket sent more than this gateway takes.', requestIdOf(head));
/** The call's deadline passed. */
export const tooLate = (cause?: unknown) =>
  new Failure('upstream_timeout', 'Bitbucket did not answer in time. Try again.', { cause });
const noRoom = () =>
  new Failure('overloaded', 'There was no room for the answer before the deadline. Try again.', {
    retryAfterMs: 1_000,
  });
