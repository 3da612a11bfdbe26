import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Clock } from '../domain/clock.ts';
import type { Log } from '../domain/log.ts';
import type { Operator } from '../domain/operator.ts';
import { createRequestId } from '../domain/request-id.ts';
import { type Access, createAccess } from './access.ts';
import { sendFailure } from './answer.ts';
import { serveApi } from './api/serve.ts';
import { operations } from './api/table.ts';
import { knockOf } from './credentials.ts';
import type { Dashboard } from './dashboard/dashboard.ts';
import { serveDashboard } from './dashboard/serve.ts';
import { DoorFailure, doorFailureOf } from './failure.ts';
import { serveHealth } from './health.ts';
import { sendLogin, serveLogin } from './login.ts';
import type { Metrics } from './metrics/metrics.ts';
import { PAGE_POLICY } from './pages.ts';
import { serveMetrics } from './serve-metrics.ts';
import { type Visit, visitOf } from './visit.ts';

export interface OperatorDoorOptions {
  readonly operator: Operator;
  readonly metrics: Metrics;
  readonly dashboard: Dashboard;
  /** The gateway's own, as the description tells it. */
  readonly version: string;
  /** Without one, metrics and health are all there is. */
  readonly token: string | null;
  readonly clock: Clock;
  readonly log: Log;
}

/** The operator's own listener; nothing of it is ever served where callers come in. Not listening yet. */
export function createDoor(options: OperatorDoorOptions): FastifyInstance {
  const { clock, log, token } = options;
  const server = Fastify({
    logger: false,
    forceCloseConnections: true,
    requestTimeout: 30_000,
    bodyLimit: 64 * 1024,
  });
  const access = token === null ? null : createAccess({ token, clock });

  server.decorateRequest('visit', null);
  server.addHook('onRequest', async (request, reply) => {
    const arrivedAtMs = clock.now();
    const visit: Visit = { id: createRequestId(arrivedAtMs), arrivedAtMs };
    request.setDecorator('visit', visit);
    reply.headers({ ...SECURITY_HEADERS, 'x-request-id': visit.id });
    letIn(access, request);
  });
  server.setErrorHandler((error, request, reply) => refuse(log, error, request, reply));

  serveHealth(server, options.operator);
  serveMetrics(server, options.metrics);
  if (access !== null) {
    serveLogin(server, access);
    serveDashboard(server, options.dashboard, access);
    serveApi(server, operations, options);
  }
  return server;
}

const SECURITY_HEADERS = {
  'cache-control': 'no-store',
  'content-security-policy': PAGE_POLICY,
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
} as const;

const OPEN = new Set(['/healthz', '/readyz', '/login']);
const WITHOUT_TOKEN = new Set(['/healthz', '/readyz', '/metrics']);

/** What is asked before anything else. What does not exist is told to those who were let in alone. */
function letIn(access: Access | null, request: FastifyRequest): void {
  const route = request.routeOptions.url ?? '';
  if (access === null) {
    if (!WITHOUT_TOKEN.has(route)) throw new DoorFailure('not_found', 'There is nothing here.');
    return;
  }
  if (!OPEN.has(route)) access.check(knockOf(request));
  if (request.is404) throw new DoorFailure('not_found', 'There is nothing here. See /openapi.json.');
}

function refuse(log: Log, error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const visit = visitOf(request);
  const failure = doorFailureOf(error);
  if (failure.code === 'internal')
    log.error({ request_id: visit.id, err: failure.cause }, 'a request to the door failed');
  if (failure.code === 'unauthorized' && asksForPage(request)) return sendLogin(reply, failure.status);
  return sendFailure(reply, visit, failure);
}

/** A browser at `/` that is not logged in is shown where it can. */
const asksForPage = ({ routeOptions, headers }: FastifyRequest) =>
  routeOptions.url === '/' &&
  headers.authorization === undefined &&
  /\btext\/html\b/.test(headers.accept ?? '');
