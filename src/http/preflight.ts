import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ALLOWED_HEADERS } from '../domain/headers.ts';
import type { Door } from './door.ts';
import { methodsAt } from './nothing-here.ts';
import { headerOf, splitUrl, visitOf } from './visit.ts';

/**
 * A browser asks before it sends the key header; no key is asked of that question. It passes for every path: a script
 * could not read the refusal of an unknown one otherwise.
 */
export function servePreflight(server: FastifyInstance, { refuseUnknown }: Door): void {
  server.options('*', (request, reply) => {
    const allow = methodsAt(splitUrl(request.raw.url ?? '/')[0]);
    if (allow === null && !isPreflight(request)) return refuseUnknown(request, reply);
    return answerPreflight(request, reply, allow ?? 'GET, HEAD, OPTIONS');
  });
}

const isPreflight = (request: FastifyRequest) =>
  headerOf(request, 'access-control-request-method') !== undefined;

function answerPreflight(request: FastifyRequest, reply: FastifyReply, allow: string): FastifyReply {
  return reply
    .headers({
      allow,
      'access-control-allow-origin': '*',
      'access-control-allow-methods': allow,
      'access-control-allow-headers': headerOf(request, 'access-control-request-headers') ?? ALLOWED_HEADERS,
      'access-control-max-age': '86400',
      'x-request-id': visitOf(request).requestId,
      vary: 'access-control-request-headers',
    })
    .code(204)
    .send();
}
