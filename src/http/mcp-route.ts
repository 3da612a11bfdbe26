import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Endpoint } from '../endpoints/endpoint.ts';
import { table } from '../endpoints/table.ts';
import { refusalOfInactive } from '../keys/authenticate.ts';
import { answerMcp, MCP_PATH } from '../mcp/mcp.ts';
import { answer, type Ended, knownCaller, type Rooms } from '../way.ts';
import type { Tell } from './door.ts';
import { commonHeadersOf } from './send.ts';
import { askedBy, visitOf, whenGone } from './visit.ts';

export interface McpRouteOptions {
  readonly rooms: Rooms;
  readonly version: string;
  readonly tell: Tell;
}

/** The second door: a tool call goes the way of its row, greeting and listing cost nothing but need a key. */
export function serveMcp(server: FastifyInstance, { rooms, version, tell }: McpRouteOptions): void {
  server.post(
    MCP_PATH,
    {
      onRequest: async (request) => {
        const caller = await knownCaller(askedBy(request, null), rooms);
        const refusal = refusalOfInactive(caller, rooms.clock.now());
        if (refusal !== null) throw refusal;
      },
    },
    async (request, reply) => {
      const calls: Ended[] = [];
      const response = await answerMcp({
        headers: headersOf(request),
        body: request.body,
        table,
        version,
        callTool: async (row, query) => {
          const ended = await answer(toolCall(request, row, query), rooms);
          calls.push(ended);
          return ended;
        },
      });
      const body = await response.text();
      for (const ended of calls) ended.stay.keep(body.length);
      whenGone(reply, (hungUp) => {
        for (const ended of calls) {
          ended.stay.leave();
          tell(ended, { bytesOut: hungUp ? 0 : body.length, hungUp });
        }
      });
      return reply
        .headers({ ...commonHeadersOf(visitOf(request).requestId), ...Object.fromEntries(response.headers) })
        .code(response.status)
        .send(body);
    },
  );
}

/** A call of its own, with the request's key and hang-up. */
const toolCall = (request: FastifyRequest, row: Endpoint, query: string) => ({
  ...askedBy(request, row),
  door: 'mcp' as const,
  method: 'GET',
  path: row.path,
  query,
});

/** Of the request's headers those that the protocol judges; the key goes no further. */
function headersOf(request: FastifyRequest): Headers {
  const names = ['accept', 'content-type', 'mcp-protocol-version'];
  return new Headers(
    names.flatMap((name): [string, string][] => {
      const value = request.headers[name];
      return typeof value === 'string' ? [[name, value]] : [];
    }),
  );
}
