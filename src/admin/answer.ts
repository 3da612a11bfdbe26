import type { FastifyReply } from 'fastify';
import { isoOf } from '../domain/calendar.ts';
import type { DoorFailure } from './failure.ts';
import type { Visit } from './visit.ts';

const metaOf = ({ id, arrivedAtMs }: Visit) => ({
  timestamp: isoOf(arrivedAtMs),
  request_id: id,
});

/** The callers' envelope of five keys around what was asked for. */
export function sendData(reply: FastifyReply, visit: Visit, data: unknown, message: string): FastifyReply {
  return reply.send({ data, meta: metaOf(visit), status: 'ok', message, success: true });
}

/** The same five keys around nothing: a code, a sentence, what is wrong with which parameter. */
export function sendFailure(reply: FastifyReply, visit: Visit, failure: DoorFailure): FastifyReply {
  const { code, details, message, retryAfterMs, status } = failure;
  if (retryAfterMs !== undefined) reply.header('retry-after', String(Math.ceil(retryAfterMs / 1_000)));
  if (code === 'unauthorized') reply.header('www-authenticate', 'Bearer realm="operator"');
  const meta = { ...metaOf(visit), code, ...(details.length === 0 ? {} : { details }) };
  return reply.code(status).send({ data: null, meta, status: 'error', message, success: false });
}
