import type { FastifyReply } from 'fastify';
import type { Failure } from '../domain/failure.ts';
import { EXPOSED_HEADERS } from '../domain/headers.ts';
import { BASE_PATH } from '../endpoints/table.ts';
import { squeeze } from '../envelope/compression.ts';
import { failureEnvelope, successEnvelope } from '../envelope/envelope.ts';
import { linkHeaderOf } from '../envelope/link.ts';
import { prettyPrint } from '../envelope/pretty.ts';
import { limitHeadersOf } from '../limits/limit-headers.ts';
import type { Ended } from '../way.ts';
import { headerOf } from './visit.ts';

/** The headers of every envelope, whoever the caller is. */
const COMMON_HEADERS = {
  'content-type': 'application/json; charset=utf-8',
  'cache-control': 'private, no-cache',
  'x-content-type-options': 'nosniff',
  'access-control-allow-origin': '*',
  'access-control-expose-headers': EXPOSED_HEADERS,
} as const;

/** As `COMMON_HEADERS`, with the id that names the call. */
export const commonHeadersOf = (requestId: string): Record<string, string> => ({
  ...COMMON_HEADERS,
  'x-request-id': requestId,
});

/** The headers that belong to a failure. */
export function failureHeadersOf({
  headers,
  retryAfterMs,
  upstreamRequestId,
}: Failure): Record<string, string> {
  return {
    ...headers,
    ...(retryAfterMs === undefined
      ? {}
      : { 'retry-after': String(Math.max(1, Math.ceil(retryAfterMs / 1_000))) }),
    ...upstreamIdOf(upstreamRequestId),
  };
}

/** The answer of an ended call as one body, before it is made pretty or small. */
export function envelopeOf({ asked, outcome, atMs }: Ended): Buffer {
  const stamp = { requestId: asked.requestId, atMs };
  return outcome.ok
    ? successEnvelope(outcome.answer.data, stamp, outcome.row.message)
    : failureEnvelope(outcome.failure, stamp);
}

/** All headers of an ended call but those of its encoding. `publicUrl` stands before the paths of `Link`. */
export function headersOf(ended: Ended, publicUrl: string, nowMs: number): Record<string, string> {
  const { asked, outcome, reading, upstreamMs } = ended;
  const timing = `upstream;dur=${upstreamMs.toFixed(1)}, total;dur=${(nowMs - asked.startedAtMs).toFixed(1)}`;
  return {
    ...commonHeadersOf(asked.requestId),
    ...(reading === null ? {} : limitHeadersOf(reading.rate, reading.quota, reading.atMs)),
    'server-timing': timing,
    ...(outcome.ok ? successHeadersOf(outcome, publicUrl) : failureHeadersOf(outcome.failure)),
  };
}

function successHeadersOf(
  { row, answer }: Ended['outcome'] & { readonly ok: true },
  publicUrl: string,
): Record<string, string> {
  const link = linkHeaderOf(publicUrl + BASE_PATH + row.path, answer.links ?? {});
  return { ...(link === undefined ? {} : { link }), ...upstreamIdOf(answer.upstreamRequestId) };
}

const upstreamIdOf = (id: string | undefined): Record<string, string> =>
  id === undefined ? {} : { 'x-upstream-request-id': id };

/** Known before the input is judged, so that a refusal can be read by a person too. */
const asksForPretty = (query: string) => /(?:^|&)pretty=1(?:&|$)/.test(query);

/** Ends a call towards its caller; how many bytes its body has. */
export async function send(
  reply: FastifyReply,
  ended: Ended,
  { publicUrl, nowMs }: { readonly publicUrl: string; readonly nowMs: number },
): Promise<number> {
  const envelope = envelopeOf(ended);
  const whole = asksForPretty(ended.asked.query) ? prettyPrint(envelope) : envelope;
  const { body, headers } = await squeeze(whole, headerOf(reply.request, 'accept-encoding'));
  reply.code(ended.outcome.ok ? 200 : ended.outcome.failure.status);
  reply.headers({ ...headersOf(ended, publicUrl, nowMs), ...headers });
  reply.send(body);
  return body.length;
}
