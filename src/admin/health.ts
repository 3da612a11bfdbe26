import type { FastifyInstance } from 'fastify';
import type { Operator } from '../domain/operator.ts';

/** The same two pages as on the callers' port, for whoever sees this one alone. */
export function serveHealth(server: FastifyInstance, operator: Operator): void {
  server.get('/healthz', async () => ({ status: 'ok' }));
  server.get('/readyz', async (_request, reply) => {
    const ready = await operator.isReady();
    return reply.code(ready ? 200 : 503).send({ status: ready ? 'ready' : 'not ready' });
  });
}
