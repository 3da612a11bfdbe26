import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import Fastify from 'fastify';
import { request } from 'undici';
import { dispatcherTo, upstream } from './peer.ts';
import { tellReady } from './told.ts';

/** Peer (c): the envelope as most would write it, parsed and written again; for who takes gzip, inflated and deflated. */
const server = Fastify({ keepAliveTimeout: 120_000 });
const dispatcher = dispatcherTo();
const [inflate, deflate] = [promisify(gunzip), promisify(gzip)];
const envelopeOf = (data: unknown) => ({
  data,
  meta: { timestamp: new Date().toISOString(), request_id: crypto.randomUUID() },
  status: 'ok',
  message: 'Repository tags',
  success: true,
});
server.get('/*', async (asked, reply) => {
  const isGzip = asked.headers['accept-encoding'] === 'gzip';
  const headers = { 'accept-encoding': isGzip ? 'gzip' : 'identity' };
  const { body } = await request(upstream + asked.raw.url, { dispatcher, headers });
  if (!isGzip) return envelopeOf(await body.json());
  const text = await inflate(await body.arrayBuffer());
  const answer = await deflate(JSON.stringify(envelopeOf(JSON.parse(text.toString()))));
  return reply.header('content-encoding', 'gzip').type('application/json').send(answer);
});
await server.listen({ host: '127.0.0.1', port: 0 });
tellReady(server.server);
