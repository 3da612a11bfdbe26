import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Clock } from '../domain/clock.ts';
import type { Tell } from './door.ts';
import { createRefusals } from './refuse.ts';

export interface ServerOptions {
  /** Addresses of load balancers whose `x-forwarded-for` is believed. */
  readonly trustProxy: readonly string[];
  readonly clock: Clock;
  readonly tell: Tell;
}

/** Fastify, with the patience and the bounds of this house, and without a route. */
export function createServer({ trustProxy, clock, tell }: ServerOptions): FastifyInstance {
  const refuse = createRefusals(clock, tell);
  return Fastify({
    logger: false,
    trustProxy: trustProxy.length === 0 ? false : [...trustProxy],
    exposeHeadRoutes: false,
    return503OnClosing: false,
    requestTimeout: 30_000,
    keepAliveTimeout: 65_000,
    forceCloseConnections: 'idle',
    bodyLimit: 64 * 1024,
    routerOptions: { ignoreDuplicateSlashes: false },
    frameworkErrors: (error, request, reply) =>
      refuse.framework(error, request as FastifyRequest, reply as FastifyReply),
    clientErrorHandler: (error, socket) => refuse.socket(error, socket),
  });
}
