import Fastify from 'fastify';
import { request } from 'undici';
import { dispatcherTo, upstream } from './peer.ts';
import { tellReady } from './told.ts';

/** Peer (b): bare Fastify and undici, no key, no limit, no envelope, no log: bytes in, bytes out. */
const server = Fastify({ keepAliveTimeout: 120_000 });
const dispatcher = dispatcherTo();
server.get('/*', async (asked, reply) => {
  const { statusCode, headers, body } = await request(upstream + asked.raw.url, {
    dispatcher,
    headers: { 'accept-encoding': asked.headers['accept-encoding'] ?? 'identity' },
  });
  reply.code(statusCode).header('content-type', headers['content-type']);
  if (headers['content-encoding'] !== undefined)
    reply.header('content-encoding', headers['content-encoding']);
  return reply.send(Buffer.from(await body.arrayBuffer()));
});
await server.listen({ host: '127.0.0.1', port: 0 });
tellReady(server.server);
