import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Account } from '../domain/account.ts';
import type { Endpoint } from '../endpoints/endpoint.ts';
import { table } from '../endpoints/table.ts';
import { createMcp, MCP_PATH } from '../mcp/mcp.ts';
import type { Ended, Rooms } from '../way/call.ts';
import { answer } from '../way.ts';
import { activeCaller } from './active-caller.ts';
import type { Tell } from './door.ts';
import { createListingGate } from './listing-gate.ts';
import { commonHeadersOf } from './send.ts';
import { askedBy, headerOf, visitOf, whenGone } from './visit.ts';

export interface McpRouteOptions {
  readonly rooms: Rooms;
  readonly version: string;
  /** What callers see before `/bitbucket-api`. Its origin may send messages, as those of `allowedOrigins` may. */
  readonly publicUrl: string;
  readonly allowedOrigins: readonly string[];
  readonly tell: Tell;
}

/**
 * The second door: a tool call goes the way of its row; greeting and listing cost nothing, but need a key and pass a
 * gate of their own.
 */
export function serveMcp(
  server: FastifyInstance,
  { rooms, version, publicUrl, allowedOrigins, tell }: McpRouteOptions,
): void {
  const answerMcp = createMcp({ table, version, publicUrl });
  const origins = new Set([publicUrl, ...allowedOrigins].flatMap(originOf));
  const passListing = createListingGate(rooms.clock);
  const accounts = new WeakMap<FastifyRequest, Account>();
  const passGate = (request: FastifyRequest) => {
    const account = accounts.get(request);
    if (account !== undefined) passListing(account);
  };
  server.post(
    MCP_PATH,
    {
      onRequest: async (request, reply) => {
        if (!passOrigin(request, origins)) {
          const headers = commonHeadersOf(visitOf(request).requestId);
          return reply.headers(headers).code(403).send(FOREIGN_ORIGIN);
        }
        accounts.set(request, (await activeCaller(request, rooms)).account);
      },
      preValidation: async (request) => {
        if (!isToolCall(request.body)) passGate(request);
      },
      // The protocol has a code of its own for what is no JSON.
      errorHandler: (error, request, reply) => {
        if (!NO_JSON.includes(error.code)) throw error;
        passGate(request);
        return reply
          .headers(commonHeadersOf(visitOf(request).requestId))
          .code(400)
          .send(PARSE_ERROR);
      },
    },
    async (request, reply) => {
      const calls: Ended[] = [];
      const response = await answerMcp({
        headers: headersOf(request),
        body: request.body,
        callTool: async (row, query) => {
          const ended = await answer(toolCall(request, row, query), rooms);
          calls.push(ended);
          return ended;
        },
      });
      return deliver(reply, response, calls, tell);
    },
  );
}

/** The protocol's answer as this door's, and the end of all calls it is made of once it is gone. */
async function deliver(
  reply: FastifyReply,
  response: Response,
  calls: readonly Ended[],
  tell: Tell,
): Promise<FastifyReply> {
  const body = await response.text();
  for (const ended of calls) ended.stay.keep(body.length);
  whenGone(reply, (hungUp) => {
    for (const ended of calls) {
      ended.stay.leave();
      tell(ended, { bytesOut: hungUp ? 0 : body.length, hungUp });
    }
  });
  return reply
    .headers({
      ...commonHeadersOf(visitOf(reply.request).requestId),
      ...Object.fromEntries(response.headers),
    })
    .code(response.status)
    .send(body);
}

const NO_JSON = ['FST_ERR_CTP_INVALID_JSON_BODY', 'FST_ERR_CTP_EMPTY_JSON_BODY'];
const PARSE_ERROR = {
  jsonrpc: '2.0',
  error: { code: -32_700, message: 'Parse error: the body is not JSON.' },
  id: null,
};

const FOREIGN_ORIGIN = {
  jsonrpc: '2.0',
  error: {
    code: -32_000,
    message: 'This origin may not speak to the gateway: ALLOWED_ORIGINS names those that may.',
  },
  id: null,
};

const originOf = (url: string): string[] => {
  const origin = URL.parse(url)?.origin;
  return origin === undefined ? [] : [origin];
};

/** Whether the way's own gates will judge all that is asked. */
const isToolCall = (body: unknown): boolean =>
  typeof body === 'object' && body !== null && 'method' in body && body.method === 'tools/call';

/** A call of its own, with the request's key and hang-up. */
const toolCall = (request: FastifyRequest, row: Endpoint, query: string) => ({
  ...askedBy(request, row),
  door: 'mcp' as const,
  method: 'GET',
  path: row.path,
  query,
  conditions: [],
});

/** Of the request's headers those that the protocol judges; the key goes no further. */
function headersOf(request: FastifyRequest): Headers {
  return new Headers(
    Object.entries(request.headers).flatMap(([name, value]): [string, string][] =>
      typeof value === 'string' && JUDGED.test(name) ? [[name, value]] : [],
    ),
  );
}

const JUDGED = /^(?:accept|content-type|mcp-[a-z-]+)$/;

/** Browsers say where a page is from; only pages of ours may speak with the key that a user left in them. */
function passOrigin(request: FastifyRequest, allowed: ReadonlySet<string>): boolean {
  const origin = headerOf(request, 'origin');
  return origin === undefined || allowed.has(origin.toLowerCase());
}
