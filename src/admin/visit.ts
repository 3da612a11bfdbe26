import type { FastifyRequest } from 'fastify';

/** What is known of a request from its first moment. */
export interface Visit {
  /** UUID; `meta.request_id` and the `x-request-id` header. */
  readonly id: string;
  readonly arrivedAtMs: number;
}

/** Known of every request to the door. */
export function visitOf(request: FastifyRequest): Visit {
  return request.getDecorator<Visit>('visit');
}
