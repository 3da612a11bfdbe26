import { Failure } from '../domain/failure.ts';
import type { Item } from '../endpoints/brief.ts';
import { helpUrlOf } from '../endpoints/help.ts';
import { aroundOf, failureEnvelope, type Stamp } from '../envelope/envelope.ts';
import { parseExact } from '../envelope/exact-json.ts';
import { wholeOf } from '../envelope/respond.ts';
import { shorten } from '../input/query-string.ts';
import type { Ended } from '../way/call.ts';
import { writeCursor } from './cursor.ts';
import { type Shown, shownOf } from './fit.ts';
import type { ToolCall } from './tool-row.ts';

/** No answer is longer, all told: where a widely used agent cuts is not far above. */
export const MAX_ANSWER_BYTES = 60_000;
/** For the protocol's own words around the texts. */
const WRAPPER_BYTES = 1_000;

/** The texts of an answer: the envelope, and behind it what to do next. */
export interface Texts {
  readonly texts: readonly string[];
  readonly isError: boolean;
}

/** What a call came to, as text, so that no number is rounded on its way. */
export function textsOf(ended: Ended, call: ToolCall, publicUrl: string): Texts {
  const { asked, outcome, atMs } = ended;
  const stamp = { requestId: asked.requestId, atMs };
  if (!outcome.ok) return failureTexts(outcome.failure, stamp, publicUrl);
  const { row, answer } = outcome;
  const around = aroundOf(stamp, row.message);
  const next = answer.links?.next;
  const nextPage = next && `There is a next page. Its arguments: ${argumentsOf(next, call)}`;
  const room = MAX_ANSWER_BYTES - WRAPPER_BYTES - writtenBytes(around.head, around.tail);
  if (call.detail === 'full' && call.after === undefined) {
    const whole = wholeOf(answer.data, around).toString();
    if (writtenBytes(answer.data.plain()) + adviceBytes(nextPage) <= room) return texts(whole, nextPage);
  }
  const fitting = { brief: row.brief, detail: call.detail, after: call.after };
  const goOn = (after: string) => {
    const cursor = writeCursor({ given: call.given, after }, row.operationId);
    const required = call.given.filter(([name]) => name === 'repo' || name === 'workspace');
    return `There is more on this page. Its arguments: ${JSON.stringify({ ...Object.fromEntries(required), cursor })}`;
  };
  const longest = Math.max(adviceBytes(nextPage), adviceBytes(goOn(LONGEST_ID))) + adviceBytes(MOVED);
  const shown = shownOf(parseExact(answer.data.plain().toString()) as Item, {
    ...fitting,
    room: room - longest,
  });
  const text = `${around.head}${JSON.stringify(shown.data)}${around.tail}`;
  return texts(text, ...adviceOn(shown, goOn, nextPage));
}

const LONGEST_ID = '€'.repeat(256);
const MOVED =
  'The list has moved: the item behind which this was to go on is no longer on its page. This is the page from its start.';

const adviceOn = (
  { moved, after }: Shown,
  goOn: (after: string) => string,
  nextPage: string | undefined,
): (string | undefined)[] => [moved ? MOVED : undefined, after === undefined ? nextPage : goOn(after)];

function failureTexts(failure: Failure, stamp: Stamp, publicUrl: string): Texts {
  const { retryAfterS } = failure;
  const docs = helpUrlOf(publicUrl, failure.code);
  const advice = retryAfterS === undefined ? undefined : `Wait ${retryAfterS} s, then call again.`;
  const envelope = failureEnvelope(withShortNames(failure), stamp, docs).toString();
  return { ...texts(envelope, advice), isError: true };
}

const MAX_DETAILS = 50;

/** An agent may have written anything as the name of an argument. */
function withShortNames(failure: Failure): Failure {
  const details = failure.details
    .slice(0, MAX_DETAILS)
    .map(({ parameter, message }) => ({ parameter: shorten(parameter), message }));
  return Object.assign(new Failure(failure.code, failure.message), { details });
}

const texts = (...parts: readonly (string | undefined)[]): Texts => ({
  texts: parts.filter((part) => part !== undefined),
  isError: false,
});

function argumentsOf(next: readonly (readonly [string, string])[], { detail }: ToolCall): string {
  return JSON.stringify({ ...Object.fromEntries(next), ...(detail === 'full' ? { detail } : {}) });
}

/** Bytes of texts where they stand inside a JSON string. */
const writtenBytes = (...parts: readonly Buffer[]) =>
  parts.reduce((sum, part) => sum + Buffer.byteLength(JSON.stringify(part.toString())) - 2, 0);

/** Bytes of an advice as a text of its own. */
const adviceBytes = (advice: string | undefined) =>
  advice === undefined ? 0 : Buffer.byteLength(JSON.stringify(advice)) + 32;
