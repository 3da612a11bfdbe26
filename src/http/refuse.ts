import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Clock } from '../domain/clock.ts';
import { Failure } from '../domain/failure.ts';
import { KEY_HEADER } from '../domain/headers.ts';
import { helpUrlOf } from '../endpoints/help.ts';
import { failureEnvelope } from '../envelope/envelope.ts';
import type { Asked, Ended } from '../way/call.ts';
import { refusedAtDoor } from '../way/trail.ts';
import type { Tell } from './door.ts';
import { clientFailureOf, errnoOf, failureOf } from './known-errors.ts';
import { headersOf } from './send.ts';
import { askedBy, createVisit } from './visit.ts';

/** A refused socket is closed when its answer has left, and after this long whatever its client does, ms. */
const LINGER_MS = 1_000;

export interface RefusalsOptions {
  readonly clock: Clock;
  readonly tell: Tell;
  /** What callers see before `/bitbucket-api`. */
  readonly publicUrl: string;
  /** Whether an answer is on its way through a socket: then nothing else may be written to it. */
  isAnswering(socket: Socket): boolean;
}

/** What is refused before there is a route, a request or even HTTP: in the envelope, wherever a byte can be written. */
export function createRefusals({ clock, tell, publicUrl, isAnswering }: RefusalsOptions) {
  const refused = new WeakSet<Socket>();

  /** Writes a refusal past HTTP's own machinery and ends the connection. */
  const writeTo = (socket: Socket, failure: Failure): void => {
    if (refused.has(socket)) return;
    refused.add(socket);
    const ended = refusedAtDoor(nobody(clock, socket), failure);
    const { headers, body } = answerOf(failure, ended, { clock, publicUrl });
    socket.end(Buffer.concat([headOf(failure.status, headers), body]));
    const timer = setTimeout(() => socket.destroy(), LINGER_MS);
    socket.once('close', () => clearTimeout(timer));
    tell(ended, { bytesOut: body.length, hungUp: false });
  };

  return {
    /** A URL that cannot be decoded skips hooks and error handler. */
    framework: (error: unknown, request: FastifyRequest, reply: FastifyReply): void => {
      const failure = failureOf(error);
      const ended = refusedAtDoor(askedBy(request, null, createVisit(clock)), failure);
      const { headers, body } = answerOf(failure, ended, { clock, publicUrl });
      reply.code(failure.status).headers(headers).send(body);
      tell(ended, { bytesOut: body.length, hungUp: false });
    },
    /** What the parser refused, and who was too slow. */
    socket: (error: unknown, socket: Socket): void => {
      if (!socket.writable || errnoOf(error) === 'ECONNRESET' || isAnswering(socket)) socket.destroy();
      else writeTo(socket, clientFailureOf(error));
    },
    /** What HTTP allows and this server has nothing for: `Expect` but for 100-continue, CONNECT. */
    unserved: ({ socket, method }: IncomingMessage, _response?: ServerResponse | unknown): void => {
      const failure =
        method === 'CONNECT'
          ? new Failure('method_not_allowed', 'This is no proxy.', {
              headers: { allow: 'GET, HEAD, OPTIONS' },
            })
          : new Failure('invalid_request', 'The `Expect` header asks for something unknown here.');
      writeTo(socket, failure);
    },
  };
}

/** A call of which nothing is known but where it came from. */
const nobody = (clock: Clock, socket: Socket): Asked => ({
  ...createVisit(clock),
  door: 'http',
  row: null,
  method: '',
  path: '',
  query: '',
  credentials: { [KEY_HEADER]: undefined, authorization: undefined },
  address: socket.remoteAddress ?? '',
});

function answerOf(
  failure: Failure,
  ended: Ended,
  { clock, publicUrl }: Pick<RefusalsOptions, 'clock' | 'publicUrl'>,
) {
  const body = failureEnvelope(
    failure,
    { requestId: ended.asked.requestId, atMs: ended.atMs },
    helpUrlOf(publicUrl, failure.code),
  );
  return {
    headers: {
      ...headersOf(ended, publicUrl, clock.monotonic()),
      'content-length': String(body.length),
      connection: 'close',
    },
    body,
  };
}

function headOf(status: number, headers: Readonly<Record<string, string>>): Buffer {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n`);
}
