import { Buffer } from 'node:buffer';
import type { FastifyReply } from 'fastify';
import type { Failure } from '../domain/failure.ts';
import { type AnswerHeader, EXPOSED_HEADERS } from '../domain/headers.ts';
import { helpUrlOf } from '../endpoints/help.ts';
import { BASE_PATH } from '../endpoints/table.ts';
import { aroundOf, failureEnvelope } from '../envelope/envelope.ts';
import { linkHeaderOf } from '../envelope/link.ts';
import { negotiate } from '../envelope/negotiate.ts';
import { respond, respondText } from '../envelope/respond.ts';
import { limitHeadersOf } from '../limits/limit-headers.ts';
import type { Ended } from '../way/call.ts';
import { headerOf } from './visit.ts';

/** The headers of every envelope, whoever the caller is. */
const COMMON_HEADERS = {
  'content-type': 'application/json; charset=utf-8',
  'cache-control': 'private, no-cache',
  vary: 'accept-encoding',
  'x-content-type-options': 'nosniff',
  'access-control-allow-origin': '*',
  'access-control-expose-headers': EXPOSED_HEADERS,
} as const;

/** Headers of ours, by the names of the one table. */
type OwnHeaders = { readonly [Name in AnswerHeader]?: string };

/** As `COMMON_HEADERS`, with the id that names the call. */
export const commonHeadersOf = (requestId: string): Record<string, string> => ({
  ...COMMON_HEADERS,
  'x-request-id': requestId,
});

/** The headers that belong to a failure. */
function failureHeadersOf(failure: Failure, publicUrl: string): Record<string, string> {
  const { headers, retryAfterS, upstreamRequestId } = failure;
  return {
    ...headers,
    link: `<${helpUrlOf(publicUrl, failure.code)}>; rel="help"`,
    ...(retryAfterS === undefined ? {} : { 'retry-after': String(retryAfterS) }),
    ...upstreamIdOf(upstreamRequestId),
  };
}

/** All headers of an ended call but those of its encoding. `publicUrl` stands before the paths of `Link`. */
export function headersOf(ended: Ended, publicUrl: string, nowMs: number): Record<string, string> {
  const { asked, outcome, reading, upstreamMs } = ended;
  const timing = `upstream;dur=${upstreamMs.toFixed(1)}, total;dur=${(nowMs - asked.startedAtMs).toFixed(1)}`;
  return {
    ...commonHeadersOf(asked.requestId),
    ...(reading === null ? {} : limitHeadersOf(reading)),
    'server-timing': timing,
    ...(outcome.ok ? successHeadersOf(outcome, publicUrl) : failureHeadersOf(outcome.failure, publicUrl)),
  };
}

function successHeadersOf(
  { row, answer }: Ended['outcome'] & { readonly ok: true },
  publicUrl: string,
): OwnHeaders {
  const { etag, isUnchanged, links = {}, upstreamRequestId } = answer;
  // A caller who has the answer has its links too.
  const link = isUnchanged ? undefined : linkHeaderOf(publicUrl + BASE_PATH + row.path, links);
  return {
    ...(etag === undefined ? {} : { etag }),
    ...(link === undefined ? {} : { link }),
    ...upstreamIdOf(upstreamRequestId),
  };
}

const upstreamIdOf = (id: string | undefined): OwnHeaders =>
  id === undefined ? {} : { 'x-upstream-request-id': id };

/** Known before the input is judged, so that a refusal can be read by a person too. */
const asksForPretty = (query: string) => /(?:^|&)pretty=1(?:&|$)/.test(query);

/** The body of an ended call's answer, as its caller wants it. */
export function answerBodyOf(
  { asked, outcome, atMs }: Ended,
  publicUrl: string,
  acceptEncoding: string | undefined,
) {
  const stamp = { requestId: asked.requestId, atMs };
  const wish = { ...negotiate(acceptEncoding), isPretty: asksForPretty(asked.query) };
  if (!outcome.ok) {
    const docs = helpUrlOf(publicUrl, outcome.failure.code);
    return respondText(failureEnvelope(outcome.failure, stamp, docs), wish);
  }
  return respond(outcome.answer.data, aroundOf(stamp, outcome.row.message), wish);
}

/** Ends a call towards its caller; how many bytes its body has. */
export async function send(
  reply: FastifyReply,
  ended: Ended,
  { publicUrl, nowMs }: { readonly publicUrl: string; readonly nowMs: number },
): Promise<number> {
  if (ended.outcome.ok && ended.outcome.answer.isUnchanged) {
    write(reply, 304, headersOf(ended, publicUrl, nowMs), []);
    return 0;
  }
  const response = await answerBodyOf(ended, publicUrl, headerOf(reply.request, 'accept-encoding'));
  const { encoding, pieces, bytes } = response;
  const headers = headersOf(ended, publicUrl, nowMs);
  headers['content-length'] = String(bytes);
  if (encoding !== 'identity') headers['content-encoding'] = encoding;
  const parts = bytes <= SMALL_BYTES && pieces.length > 1 ? [Buffer.concat(pieces, bytes)] : pieces;
  write(reply, ended.outcome.ok ? 200 : ended.outcome.failure.status, headers, parts);
  return bytes;
}

/** Up to here copying pieces into one costs less than handing each of them to the system, bytes. */
const SMALL_BYTES = 16 * 1024;

/**
 * Writes all at once, past Fastify's own path, which wants one buffer: copying a page costs as much as sending it. The
 * content length is always told: Node ends a corked answer without one before its last pieces.
 */
function write(
  reply: FastifyReply,
  status: number,
  headers: Record<string, string>,
  pieces: readonly Buffer[],
): void {
  const { raw, request } = reply.hijack();
  raw.writeHead(status, headers);
  raw.cork();
  if (request.method !== 'HEAD') for (const piece of pieces) raw.write(piece);
  raw.end();
  raw.uncork();
}
