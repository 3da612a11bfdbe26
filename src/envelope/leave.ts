import type { FastifyReply } from 'fastify';
import type { Call } from '../domain/call.ts';
import type { Failure } from '../domain/failure.ts';
import { squeeze } from './compression.ts';
import { failureEnvelope, successEnvelope } from './envelope.ts';
import { prettyPrint } from './pretty.ts';

/** What every answer may show to a script in a browser. */
export const EXPOSED_HEADERS = [
  'link',
  'ratelimit',
  'ratelimit-policy',
  'retry-after',
  'server-timing',
  'x-quota-limit',
  'x-quota-remaining',
  'x-quota-reset',
  'x-ratelimit-limit',
  'x-ratelimit-remaining',
  'x-ratelimit-reset',
  'x-request-id',
  'x-upstream-request-id',
] as const;

/** A call about to end, and what it ends with beside its body. */
export interface Leaving {
  readonly call: Call;
  /** Where a hop's clock stands now, ms; of `Clock.monotonic`. */
  readonly nowMs: number;
  /** The limits as they stand, for a known key. */
  readonly limitHeaders: Readonly<Record<string, string>>;
}

export interface Success {
  readonly data: Buffer;
  readonly message: string;
  readonly link: string | undefined;
  readonly upstreamRequestId: string | undefined;
}

/** Ends the call with data. */
export async function leaveWithData(
  reply: FastifyReply,
  leaving: Leaving,
  success: Success,
): Promise<FastifyReply> {
  if (success.link !== undefined) reply.header('link', success.link);
  if (success.upstreamRequestId !== undefined)
    reply.header('x-upstream-request-id', success.upstreamRequestId);
  reply.code(200);
  return leave(reply, leaving, successEnvelope(success.data, leaving.call, success.message));
}

/** Ends the call without data. */
export async function leaveWithFailure(
  reply: FastifyReply,
  leaving: Leaving,
  failure: Failure,
): Promise<FastifyReply> {
  reply.headers(failureHeadersOf(failure)).code(failure.status);
  return leave(reply, leaving, failureEnvelope(failure, leaving.call));
}

/** The headers that belong to a failure. */
export function failureHeadersOf(failure: Failure): Record<string, string> {
  const { headers, retryAfterMs, upstreamRequestId } = failure;
  return {
    ...headers,
    ...(retryAfterMs === undefined
      ? {}
      : { 'retry-after': String(Math.max(1, Math.ceil(retryAfterMs / 1000))) }),
    ...(upstreamRequestId === undefined ? {} : { 'x-upstream-request-id': upstreamRequestId }),
  };
}

/** The headers of every envelope, whoever the caller is. */
export function commonHeadersOf(requestId: string): Record<string, string> {
  return {
    'content-type': 'application/json; charset=utf-8',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'x-request-id': requestId,
    'access-control-allow-origin': '*',
    'access-control-expose-headers': EXPOSED_HEADERS.join(', '),
  };
}

async function leave(reply: FastifyReply, leaving: Leaving, envelope: Buffer): Promise<FastifyReply> {
  const { call, nowMs, limitHeaders } = leaving;
  reply
    .headers(commonHeadersOf(call.id))
    .headers(limitHeaders)
    .header(
      'server-timing',
      `upstream;dur=${ms(call.upstreamMs)}, total;dur=${ms(nowMs - call.startedAtMs)}`,
    );
  const body = call.pretty ? prettyPrint(envelope) : envelope;
  return reply.send(await squeeze(body, reply));
}

const ms = (duration: number) => duration.toFixed(1);
