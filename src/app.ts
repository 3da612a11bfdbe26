import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { servePages } from './describe/pages.ts';
import type { Call } from './domain/call.ts';
import type { Clock } from './domain/clock.ts';
import { Failure } from './domain/failure.ts';
import type { Log } from './domain/log.ts';
import type { Upstream } from './domain/upstream.ts';
import { readInput } from './endpoints/read-input.ts';
import { serve } from './endpoints/serve.ts';
import { BASE_PATH, table } from './endpoints/table.ts';
import { failureEnvelope } from './envelope/envelope.ts';
import { clientFailureOf, failureOf } from './envelope/error-handler.ts';
import {
  commonHeadersOf,
  failureHeadersOf,
  type Leaving,
  leaveWithData,
  leaveWithFailure,
} from './envelope/leave.ts';
import { nearestOf } from './input/nearest.ts';
import { createAuthenticate } from './keys/authenticate.ts';
import type { KeyStore } from './keys/key-store.ts';
import type { Ledger } from './limits/ledger.ts';
import { createLimitReader } from './limits/limit-headers.ts';
import { registerRateLimit } from './limits/limit-rate.ts';
import type { RateStore } from './limits/rate-store.ts';
import { createSpendQuota } from './limits/spend-quota.ts';
import { MCP_PATH, serveMcp } from './mcp/mcp.ts';

export interface AppOptions {
  readonly keys: KeyStore;
  readonly rates: RateStore;
  readonly ledger: Ledger;
  readonly upstream: Upstream;
  /** The upstream's base; its host is believed beside api.bitbucket.org. */
  readonly upstreamUrl: string;
  /** What callers see before `/bitbucket-api`; empty for links from the root. */
  readonly publicUrl: string;
  readonly deadlineMs: number;
  /** The gateway's own, as the description tells it. */
  readonly version: string;
  /** Addresses of load balancers whose `x-forwarded-for` is believed. */
  readonly trustProxy: readonly string[];
  readonly clock: Clock;
  readonly log: Log;
  /** Whether calls should be sent here. */
  ready(): Promise<boolean>;
}

export interface App {
  readonly server: FastifyInstance;
  /** From now on every new call is told to go elsewhere; those under way end as they would. */
  drain(): void;
}

const KEY_HEADER = 'x-oanor-key';
/** More calls at once than any pool of exits can serve; beyond it waiting would only fill memory. */
const MAX_CALLS_IN_FLIGHT = 2_000;

/** The gateway: dependencies in, Fastify out. What happens to a call is the array `way`. */
export async function createApp(options: AppOptions): Promise<App> {
  const { clock, log } = options;
  const app = createServer(options);
  let draining = false;
  let inFlight = 0;

  app.decorateRequest('call', null);
  const limitsOfCall = createLimitReader(options);
  const authenticate = createAuthenticate(options);
  const quota = createSpendQuota(options);
  const rate = await registerRateLimit(app, { ...options, callOf });

  const leavingOf = async (call: Call): Promise<Leaving> => ({
    call,
    nowMs: clock.monotonic(),
    limitHeaders: call.caller === null ? {} : await limitsOfCall(call.caller, clock.now()),
  });

  const fail = async (request: FastifyRequest, reply: FastifyReply, error: unknown) => {
    const call = callOf(request);
    const failure = failureOf(error);
    call.failure = failure;
    report(log, call, failure, request);
    // A caller who hangs up is charged, however the call would have ended.
    if (!failure.charged && !call.hangUp.aborted) await quota.refund(call);
    return leaveWithFailure(reply, await leavingOf(call), failure);
  };

  const identify = async (request: FastifyRequest) => {
    const call = callOf(request);
    try {
      await authenticate(headerOf(request, KEY_HEADER), call);
    } catch (error) {
      if (call.caller === null) await rate.guardAddress(request);
      throw error;
    }
  };
  const way = [
    /* Whose key is it?              401, 402 */ identify,
    /* Is there room in this second? 429 */ rate.limitRate,
    /* What is asked for?            400 */ async (request: FastifyRequest) => {
      const row = request.routeOptions.config.endpoint;
      if (row === undefined) throw new Error('the way leads to rows alone');
      const call = callOf(request);
      const query = queryOf(request);
      call.pretty = asksForPretty(query);
      call.input = readInput(row, query);
    },
    /* Is a call left in the month?  429 */ async (request: FastifyRequest) => quota.spend(callOf(request)),
  ];

  app.addHook('onRequest', async (request, reply) => {
    inFlight += 1;
    const hangUp = new AbortController();
    reply.raw.once('close', () => {
      inFlight -= 1;
      if (!reply.raw.writableFinished) hangUp.abort();
    });
    request.setDecorator('call', createCall(clock, hangUp.signal));
    if (isHealthPage(request)) return;
    if (draining) {
      reply.header('connection', 'close');
      throw new Failure('draining', 'This gateway is being restarted. Try again.', { retryAfterMs: 1_000 });
    }
    if (inFlight > MAX_CALLS_IN_FLIGHT) {
      throw new Failure('overloaded', 'Too many calls at once. Try again.', { retryAfterMs: 1_000 });
    }
    if (request.is404 && request.method !== 'OPTIONS') throw notFound(request);
  });
  app.setErrorHandler((error, request, reply) => fail(request, reply, error));

  serve(app, {
    ...options,
    table,
    way,
    believedHosts: new Set(['api.bitbucket.org', new URL(options.upstreamUrl).host]),
    callOf,
    leave: async (reply, call, success) => {
      log.info(lineOf(call, reply.request, 200), 'call');
      return leaveWithData(reply, await leavingOf(call), success);
    },
  });
  servePages(app, {
    table,
    base: options.publicUrl + BASE_PATH,
    version: options.version,
    guard: rate.guardAddress,
  });
  serveMcp(app, { table, version: options.version, authenticate: identify, callOf });
  servePreflight(app);
  serveHealth(app, async () => !draining && (await options.ready()));

  return {
    server: app,
    drain: () => {
      draining = true;
    },
  };
}

function createServer({ clock, log, trustProxy }: AppOptions): FastifyInstance {
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
    // A URL that cannot be decoded skips hooks and error handler.
    frameworkErrors: (error, request, framework) => {
      const reply = framework as FastifyReply;
      const call = createCall(clock, new AbortController().signal);
      const failure = failureOf(error);
      report(log, call, failure, request as FastifyRequest);
      reply
        .headers({ ...commonHeadersOf(call.id), ...failureHeadersOf(failure) })
        .code(failure.status)
        .send(failureEnvelope(failure, call));
    },
    clientErrorHandler: (error, socket) => refuseClient(error, socket, clock),
  });
}

/** What is no HTTP leaves in the envelope too, wherever the socket still takes it. */
function refuseClient(error: unknown, socket: Socket, clock: Clock): void {
  if (!socket.writable || codeOf(error) === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const call = createCall(clock, new AbortController().signal);
  const failure = clientFailureOf(error);
  const body = failureEnvelope(failure, call);
  const headers = {
    ...commonHeadersOf(call.id),
    ...failureHeadersOf(failure),
    'content-length': String(body.length),
  };
  const lines = Object.entries({ ...headers, connection: 'close' }).map(
    ([name, value]) => `${name}: ${value}`,
  );
  socket.end(`HTTP/1.1 ${failure.status} ${failure.code}\r\n${lines.join('\r\n')}\r\n\r\n${body.toString()}`);
}

const codeOf = (error: unknown) =>
  typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;

/** The call that a request is. */
export function callOf(request: FastifyRequest): Call {
  return request.getDecorator<Call>('call');
}

function createCall(clock: Clock, hangUp: AbortSignal): Call {
  return {
    id: randomUUID(),
    receivedAtMs: clock.now(),
    startedAtMs: clock.monotonic(),
    caller: null,
    input: undefined,
    pretty: false,
    charge: null,
    upstreamMs: 0,
    failure: null,
    hangUp,
  };
}

function headerOf(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value.join(', ') : value;
}

function queryOf(request: FastifyRequest): string {
  const url = request.raw.url ?? '';
  const mark = url.indexOf('?');
  return mark < 0 ? '' : url.slice(mark + 1);
}

/** Known before the input is judged, so that a refusal can be read by a person too. */
const asksForPretty = (query: string) => /(?:^|&)pretty=1(?:&|$)/.test(query);

const METHODS = 'GET, HEAD, OPTIONS';
const paths = [...table.map((row) => BASE_PATH + row.path), MCP_PATH];
const methodsAt = (path: string) => (path === MCP_PATH ? 'POST, OPTIONS' : METHODS);
const pathOf = (request: FastifyRequest) => (request.raw.url ?? '/').replace(/\?.*$/s, '');

function notFound(request: FastifyRequest): Failure {
  const path = pathOf(request);
  if (paths.includes(path)) {
    const allow = methodsAt(path);
    return new Failure('method_not_allowed', `Only ${allow} work here.`, { headers: { allow } });
  }
  const nearest = nearestOf(path.slice(0, 200), paths);
  const hint =
    nearest == null ? `The endpoints are described at ${BASE_PATH}/docs.` : `Did you mean ${nearest}?`;
  return new Failure('route_not_found', `There is nothing here. ${hint}`);
}

/** A browser asks before it sends the key header; no key is asked of that question. */
function servePreflight(app: FastifyInstance): void {
  app.options(`${BASE_PATH}/*`, (request, reply) => {
    const allow = methodsAt(pathOf(request));
    reply
      .headers({
        allow,
        'access-control-allow-origin': '*',
        'access-control-allow-methods': allow,
        'access-control-allow-headers':
          headerOf(request, 'access-control-request-headers') ?? `${KEY_HEADER}, accept`,
        'access-control-max-age': '86400',
        'x-request-id': callOf(request).id,
        vary: 'access-control-request-headers',
      })
      .code(204)
      .send();
  });
}

const HEALTH_PAGES = ['/healthz', '/readyz'];
const isHealthPage = (request: FastifyRequest) => HEALTH_PAGES.includes(request.routeOptions.url ?? '');

function serveHealth(app: FastifyInstance, isReady: () => Promise<boolean>): void {
  app.get('/healthz', async () => ({ status: 'ok' }));
  app.get('/readyz', async (_request, reply) => {
    const ready = await isReady().catch(() => false);
    return reply.code(ready ? 200 : 503).send({ status: ready ? 'ready' : 'not ready' });
  });
}

/** One line a call: who, what, how it ended. Never the key, never a parameter. */
function lineOf(call: Call, request: FastifyRequest, status: number): object {
  return {
    request_id: call.id,
    account: call.caller?.account.id,
    key: call.caller?.keyId,
    operation: request.routeOptions?.config?.endpoint?.operationId,
    status,
    upstream_ms: Math.round(call.upstreamMs),
  };
}

function report(log: Log, call: Call, failure: Failure, request: FastifyRequest): void {
  const line = { ...lineOf(call, request, failure.status), code: failure.code };
  if (failure.status < 500) log.info(line, 'call');
  else if (failure.code === 'internal') log.error({ ...line, err: failure.cause }, 'call failed');
  else log.warn({ ...line, cause: String(failure.cause ?? '') }, 'call failed');
}
