import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Clock } from '../../domain/clock.ts';
import type { Once, Operator } from '../../domain/operator.ts';
import { sendData } from '../answer.ts';
import { visitOf } from '../visit.ts';
import { doorOpenApiOf } from './openapi.ts';
import type { Operation } from './operation.ts';
import { readGiven, readOnce } from './read.ts';
import { createRemembered } from './remembered.ts';

export interface ApiOptions {
  readonly operator: Operator;
  readonly clock: Clock;
  readonly version: string;
}

/** Every line of the table as a route, and the description of them all. */
export function serveApi(
  server: FastifyInstance,
  operations: readonly Operation[],
  { operator, clock, version }: ApiOptions,
): void {
  const remember = createRemembered(clock);
  for (const operation of operations) {
    const { method, path, body, parameters, summary } = operation;
    server.route({
      method,
      url: path.replace(/\{(\w+)\}/g, ':$1'),
      handler: async (request, reply) => {
        const asked = {
          parameters: readGiven(parameters, { ...(request.query as object), ...(request.params as object) }),
          body: body === null ? null : readGiven(body, request.body ?? {}),
          once: method === 'POST' ? onceOf(request) : null,
          nowMs: clock.now(),
        };
        if (asked.once !== null && !makesKey(operation)) remember(asked.once);
        const data = await operation.run(asked as never, operator);
        return sendData(reply, visitOf(request), data, summary);
      },
    });
  }
  const description = doorOpenApiOf(operations, version);
  server.get('/openapi.json', async () => description);
}

const onceOf = (request: FastifyRequest): Once | null =>
  readOnce(request.headers['idempotency-key'], {
    method: request.method,
    url: request.url,
    body: request.body ?? {},
  });

/** What makes a key is remembered by the store, for all gateways that share it. */
const makesKey = ({ data }: Operation): boolean => /Made$/.test(data.meta()?.id ?? '');
