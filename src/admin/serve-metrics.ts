import type { FastifyInstance } from 'fastify';
import type { Metrics } from './metrics/metrics.ts';

/** `/metrics`, in the format that whoever scrapes asks for. */
export function serveMetrics(server: FastifyInstance, metrics: Metrics): void {
  server.get('/metrics', async (request, reply) => {
    const { contentType, text } = await metrics.read(request.headers.accept ?? '');
    return reply.header('content-type', contentType).send(text);
  });
}
