import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js';
import {
  CallToolRequestSchema,
  type CallToolResult,
  ErrorCode,
  ListToolsRequestSchema,
  McpError,
  type Tool,
} from '@modelcontextprotocol/sdk/types.js';
import type { FastifyInstance, FastifyRequest, onRequestAsyncHookHandler } from 'fastify';
import type { Call } from '../domain/call.ts';
import type { Endpoint } from '../endpoints/endpoint.ts';
import { parametersOf } from '../endpoints/parameters.ts';
import { BASE_PATH } from '../endpoints/table.ts';
import { commonHeadersOf } from '../envelope/leave.ts';

export const MCP_PATH = `${BASE_PATH}/mcp`;

export interface McpOptions {
  readonly table: readonly Endpoint[];
  readonly version: string;
  /** The first gate alone: greeting and listing tools cost nothing, but are for callers with a key. */
  readonly authenticate: onRequestAsyncHookHandler;
  callOf(request: FastifyRequest): Call;
}

const INSTRUCTIONS =
  'Reads public repositories and workspaces of Bitbucket Cloud, live. Each tool answers with an envelope: `data` is ' +
  "Bitbucket's own JSON. When a list goes on, the last text of the answer holds the arguments of the next page. Each " +
  'tool call costs one call of the plan; on `rate_exceeded` and any 503 wait as long as the answer says.';

/**
 * The endpoints as read-only tools of the Model Context Protocol (streamable HTTP, one JSON answer a request, no
 * sessions, so that any gateway can take any request). A tool call is a call of the endpoint's own route: the same
 * gates, meter and envelope.
 */
export function serveMcp(app: FastifyInstance, { table, version, authenticate, callOf }: McpOptions): void {
  const tools = table.map(toolOf);
  app.post(MCP_PATH, { onRequest: authenticate }, async (request, reply) => {
    const server = new Server(
      { name: 'bitbucket-api', title: 'Bitbucket API', version },
      { capabilities: { tools: {} }, instructions: INSTRUCTIONS },
    );
    server.setRequestHandler(ListToolsRequestSchema, () => ({ tools }));
    server.setRequestHandler(CallToolRequestSchema, async ({ params }) => {
      const row = table.find(({ operationId }) => operationId === params.name);
      if (row === undefined) {
        const names = table.map(({ operationId }) => operationId).join(', ');
        throw new McpError(ErrorCode.InvalidParams, `There is no tool ${params.name}. There are ${names}.`);
      }
      const answer = await app.inject({
        method: 'GET',
        url: `${BASE_PATH}${row.path}?${queryOf(params.arguments ?? {})}`,
        headers: { 'x-oanor-key': request.headers['x-oanor-key'] },
        remoteAddress: request.ip,
        signal: callOf(request).hangUp,
      });
      return resultOf(answer);
    });
    const transport = new WebStandardStreamableHTTPServerTransport({ enableJsonResponse: true });
    // The transport has optional callbacks that it also sets to undefined.
    await server.connect(transport as Parameters<typeof server.connect>[0]);
    const asked = new Request(new URL(MCP_PATH, 'http://gateway'), {
      method: 'POST',
      headers: headersOf(request),
    });
    const response = await transport.handleRequest(asked, { parsedBody: request.body });
    const body = await response.text();
    await server.close();
    return reply
      .headers({ ...commonHeadersOf(callOf(request).id), ...Object.fromEntries(response.headers) })
      .code(response.status)
      .send(body);
  });
}

function toolOf(row: Endpoint): Tool {
  const parameters = parametersOf(row).filter(({ name }) => name !== 'pretty');
  const properties = parameters.map(({ name, description, example, schema }) => [
    name,
    { ...(schema as object), description, ...(example === undefined ? {} : { examples: [example] }) },
  ]);
  const required = parameters.filter((parameter) => parameter.required).map(({ name }) => String(name));
  return {
    name: row.operationId,
    title: row.summary,
    description: row.description,
    inputSchema: {
      type: 'object',
      properties: Object.fromEntries(properties),
      required,
      additionalProperties: false,
    },
    annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: true },
  };
}

/** Models write numbers and lists where text was asked for; both have one reading. */
function queryOf(given: Readonly<Record<string, unknown>>): URLSearchParams {
  const pairs = Object.entries(given).map(([name, value]): [string, string] => [
    name,
    typeof value === 'object' && !Array.isArray(value) ? JSON.stringify(value) : String(value),
  ]);
  return new URLSearchParams(pairs);
}

interface Answer {
  readonly statusCode: number;
  readonly body: string;
  readonly headers: Readonly<Record<string, unknown>>;
}

/** The envelope as text, so that no number is rounded on its way, and behind it what to do next. */
function resultOf({ statusCode, body, headers }: Answer): CallToolResult {
  const next = /<[^>]*\?([^>]*)>; rel="next"/.exec(String(headers.link ?? ''))?.[1];
  const advice =
    headers['retry-after'] !== undefined
      ? `Wait ${headers['retry-after']} s, then call again.`
      : next !== undefined
        ? `There is a next page. Its arguments: ${JSON.stringify(Object.fromEntries(new URLSearchParams(next)))}`
        : undefined;
  return {
    content: [body, advice].flatMap((text) => (text === undefined ? [] : [{ type: 'text' as const, text }])),
    isError: statusCode !== 200,
  };
}

/** Of the request's headers those that the transport judges; the key goes no further. */
function headersOf(request: FastifyRequest): Headers {
  const names = ['accept', 'content-type', 'mcp-protocol-version'];
  return new Headers(
    names.flatMap((name): [string, string][] => {
      const value = request.headers[name];
      return typeof value === 'string' ? [[name, value]] : [];
    }),
  );
}
