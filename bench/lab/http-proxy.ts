import httpProxy from '@fastify/http-proxy';
import rateLimit from '@fastify/rate-limit';
import Fastify from 'fastify';
import { dispatcherTo, origin } from './peer.ts';
import { tellReady } from './told.ts';

/** Peer (f): what is on the shelf: @fastify/http-proxy behind @fastify/rate-limit, no envelope. */
const server = Fastify({ keepAliveTimeout: 120_000 });
await server.register(rateLimit, {
  max: 1_000_000_000,
  timeWindow: 1_000,
  keyGenerator: (asked) => String(asked.headers['x-oanor-key']),
});
await server.register(httpProxy, {
  upstream: origin,
  rewritePrefix: '/2.0',
  undici: dispatcherTo() as never,
});
await server.listen({ host: '127.0.0.1', port: 0 });
tellReady(server.server);
