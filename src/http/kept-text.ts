import type { FastifyReply, FastifyRequest } from 'fastify';
import { createPackedText } from '../envelope/packed-text.ts';
import { headerOf } from './visit.ts';

/** A text for everyone. */
export interface KeptText {
  /** Sends it with `headers`, or says that the caller has it already. */
  send(
    request: FastifyRequest,
    reply: FastifyReply,
    headers: Readonly<Record<string, string>>,
  ): Promise<unknown>;
}

export function createKeptText(text: Buffer): KeptText {
  const packed = createPackedText(text);
  return {
    send: async (request, reply, headers) => {
      const answer = await packed.answer({
        acceptEncoding: headerOf(request, 'accept-encoding'),
        ifNoneMatch: headerOf(request, 'if-none-match'),
      });
      reply.headers({
        'access-control-allow-origin': '*',
        'x-content-type-options': 'nosniff',
        ...answer.headers,
        ...headers,
      });
      return reply.code(answer.status).send(answer.body);
    },
  };
}
