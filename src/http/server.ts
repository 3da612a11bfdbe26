import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Clock } from '../domain/clock.ts';
import { type Answers, watchAnswers } from './answers.ts';
import { boundConnections } from './connections.ts';
import type { Tell } from './door.ts';
import { createRefusals } from './refuse.ts';

/** How long this server waits for callers, ms. */
export interface ServerPatience {
  /** For the head of a request, from the connection's first moment on. */
  readonly headersMs: number;
  /** For a whole request. */
  readonly requestMs: number;
  /** For the next request on a connection. */
  readonly keepAliveMs: number;
  /** For an answer that nobody takes. */
  readonly stalledMs: number;
}

const PATIENCE: ServerPatience = {
  headersMs: 10_000,
  requestMs: 30_000,
  keepAliveMs: 65_000,
  stalledMs: 30_000,
};

export interface ServerOptions {
  /** Addresses of load balancers whose `x-forwarded-for` is believed. */
  readonly trustProxy: readonly string[];
  readonly connectionsPerAddress: number;
  readonly patience?: Partial<ServerPatience>;
  readonly clock: Clock;
  /** What callers see before `/bitbucket-api`. */
  readonly publicUrl: string;
  readonly tell: Tell;
}

export interface DoorServer {
  readonly server: FastifyInstance;
  readonly answers: Answers;
}

/** Fastify, with the patience and the bounds of this house, and without a route. */
export function createServer(options: ServerOptions): DoorServer {
  const { trustProxy, clock, tell } = options;
  const patience = { ...PATIENCE, ...options.patience };
  const refuse = createRefusals({
    clock,
    tell,
    publicUrl: options.publicUrl,
    isAnswering: (socket) => answers.isAnswering(socket),
  });
  const server = Fastify({
    logger: false,
    trustProxy: trustProxy.length === 0 ? false : [...trustProxy],
    exposeHeadRoutes: false,
    return503OnClosing: false,
    requestTimeout: patience.requestMs,
    keepAliveTimeout: patience.keepAliveMs,
    // `close` comes behind the drain: nothing is owed any more.
    forceCloseConnections: true,
    bodyLimit: 64 * 1024,
    // Each row reads its own query, strictly (ADR 15).
    routerOptions: { ignoreDuplicateSlashes: false, querystringParser: () => ({}) },
    http: {
      // Refused by the door, in the envelope.
      requireHostHeader: false,
      headersTimeout: Math.min(patience.headersMs, patience.requestMs),
      connectionsCheckingInterval: Math.min(1_000, patience.headersMs),
    },
    frameworkErrors: (error, request, reply) =>
      refuse.framework(error, request as FastifyRequest, reply as FastifyReply),
    clientErrorHandler: (error, socket) => refuse.socket(error, socket),
  });
  server.server.on('checkExpectation', refuse.unserved);
  server.server.on('connect', refuse.unserved);
  boundConnections(server.server, { perAddress: options.connectionsPerAddress, trustProxy });
  const answers = watchAnswers(server, patience);
  return { server, answers };
}
