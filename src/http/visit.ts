import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Clock } from '../domain/clock.ts';
import { Failure } from '../domain/failure.ts';
import { type HangUp, Line } from '../domain/hang-up.ts';
import { KEY_HEADER } from '../domain/headers.ts';
import { createRequestId } from '../domain/request-id.ts';
import type { Endpoint } from '../endpoints/endpoint.ts';
import { readConditions } from '../envelope/etag.ts';
import type { Asked } from '../way/call.ts';

/** What is known of a request as soon as it is one. */
export type Visit = Pick<Asked, 'requestId' | 'receivedAtMs' | 'startedAtMs' | 'hangUp'>;

const NEVER: HangUp = new Line();

/** A request of which nobody will be told that its caller hung up. */
export function createVisit(clock: Clock, hangUp: HangUp = NEVER): Visit {
  const receivedAtMs = clock.now();
  return {
    requestId: createRequestId(receivedAtMs),
    receivedAtMs,
    startedAtMs: clock.monotonic(),
    hangUp,
  };
}

/** Notes the arrival of a request, and its caller's hanging up. */
export function noteVisit(clock: Clock, request: FastifyRequest, reply: FastifyReply): void {
  const line = new Line();
  reply.raw.on('close', () => {
    if (!reply.raw.writableFinished) line.cut();
  });
  request.setDecorator('visit', createVisit(clock, line));
}

export const visitOf = (request: FastifyRequest): Visit => request.getDecorator<Visit>('visit');

/** The request in the way's words. */
export function askedBy(request: FastifyRequest, row: Endpoint | null, visit = visitOf(request)): Asked {
  const [path, query] = splitUrl(request.raw.url ?? '/');
  return {
    ...visit,
    door: 'http',
    row,
    method: request.method,
    path,
    query,
    conditions: readConditions(headerOf(request, 'if-none-match')),
    credentials: {
      [KEY_HEADER]: headerOf(request, KEY_HEADER),
      authorization: headerOf(request, 'authorization'),
    },
    address: request.ip,
    traceparent: headerOf(request, 'traceparent'),
  };
}

/** A header as one text. */
export function headerOf(request: FastifyRequest, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value.join(', ') : value;
}

/** Path and query as they came, still percent-encoded. */
export function splitUrl(url: string): [path: string, query: string] {
  const mark = url.indexOf('?');
  return mark < 0 ? [url, ''] : [url.slice(0, mark), url.slice(mark + 1)];
}

/** Runs `work` once the answer is gone, flushed or not; at once where its caller went away before. */
export function whenGone({ raw }: FastifyReply, work: (hungUp: boolean) => void): void {
  const tell = () => work(!raw.writableFinished);
  if (raw.closed || raw.destroyed) tell();
  else raw.on('close', tell);
}

/** Why a request cannot be known for whom it is: HTTP/1.1 asks for exactly one `Host`. Undefined when it is. */
export function hostFault({ raw }: FastifyRequest): Failure | undefined {
  const hosts = hostsIn(raw.rawHeaders);
  if (hosts > 1) return new Failure('invalid_request', 'Only one `Host` header may be sent.');
  if (hosts === 0 && raw.httpVersion !== '1.0')
    return new Failure('invalid_request', 'Speak HTTP/1.1, with a `Host` header.');
  return undefined;
}

/** How many there are in a list of names and values in turn. */
function hostsIn(rawHeaders: readonly string[]): number {
  let hosts = 0;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] ?? '';
    if (name.length === 4 && name.toLowerCase() === 'host') hosts += 1;
  }
  return hosts;
}
