import {
  createMcpHandler,
  isLegacyRequest,
  ProtocolError,
  ProtocolErrorCode,
  Server,
  WebStandardStreamableHTTPServerTransport,
} from '@modelcontextprotocol/server';
import type { Endpoint } from '../endpoints/endpoint.ts';
import { BASE_PATH } from '../endpoints/table.ts';
import { shorten } from '../input/query-string.ts';
import type { Ended } from '../way/call.ts';
import { textsOf } from './result.ts';
import { readToolCall, toolRowOf } from './tool-row.ts';
import { toolOf } from './tools.ts';

export const MCP_PATH = `${BASE_PATH}/mcp`;

/** One message of an agent, and what is needed to answer it. */
export interface McpMessage {
  /** Those headers of the request that the protocol judges. */
  readonly headers: Headers;
  /** The body, parsed. */
  readonly body: unknown;
  /** One call of `row`, all the way. */
  callTool(row: Endpoint, query: string): Promise<Ended>;
}

export interface McpOptions {
  readonly table: readonly Endpoint[];
  readonly version: string;
  /** What callers see before `/bitbucket-api`. */
  readonly publicUrl: string;
}

const INSTRUCTIONS =
  'Reads public repositories and workspaces of Bitbucket Cloud, live. Each tool answers with an envelope: `data` is ' +
  "what people read of Bitbucket's own JSON, or with detail=full all of it. An answer has at most 60,000 bytes; when a " +
  'list goes on, its last text gives the arguments of the next call. Each tool call costs one call of the plan; on ' +
  '`rate_exceeded` and any 503 wait as long as the answer says.';

/** How long what is told about the tools may be kept, ms: they change with a new version alone. */
const TOOLS_TTL_MS = 300_000;
const KEEP = { ttlMs: TOOLS_TTL_MS, cacheScope: 'public' } as const;

/**
 * The endpoints as read-only tools of the Model Context Protocol, in both of its eras on one path: the stateless one of
 * 2026-07-28, and the one before with its greeting; one JSON answer a request, no sessions, so that any gateway can take
 * any request. A tool call goes the way of every call: the same gates, meter and envelope.
 */
export function createMcp(options: McpOptions): (message: McpMessage) => Promise<Response> {
  const createServer = createServers(options);
  const messages = new WeakMap<Request, McpMessage>();
  const modern = createMcpHandler(
    ({ requestInfo }) => createServer(requestInfo === undefined ? undefined : messages.get(requestInfo)),
    // Nothing here changes while it runs, so there is nothing to subscribe to, and nothing but an answer to stream.
    { legacy: 'reject', maxSubscriptions: 0 },
  );
  return async (message) => {
    const { headers, body } = message;
    const request = new Request(new URL(MCP_PATH, 'http://gateway'), { method: 'POST', headers });
    messages.set(request, message);
    if (await isLegacyRequest(request, body)) return answerLegacy(createServer(message), request, body);
    return modern.fetch(request, { parsedBody: body });
  };
}

/** One message of the earlier protocol; read before its server is closed. */
async function answerLegacy(server: Server, request: Request, body: unknown): Promise<Response> {
  const transport = new WebStandardStreamableHTTPServerTransport({ enableJsonResponse: true });
  await server.connect(transport);
  const response = await transport.handleRequest(request, { parsedBody: body });
  const text = await response.text();
  await server.close();
  return new Response(text === '' ? null : text, { status: response.status, headers: response.headers });
}

/** A server for each message: all that it remembers is what it is asked. */
function createServers({ table, version, publicUrl }: McpOptions) {
  const rows = new Map(table.map((row) => [row.operationId, toolRowOf(row)]));
  const tools = [...rows.values()].map(toolOf);
  const names = [...rows.keys()].join(', ');
  return (message: McpMessage | undefined): Server => {
    const server = new Server(
      { name: 'bitbucket-api', title: 'Bitbucket API', version },
      {
        capabilities: { tools: {} },
        instructions: INSTRUCTIONS,
        cacheHints: { 'tools/list': KEEP, 'server/discover': KEEP },
      },
    );
    server.setRequestHandler('tools/list', () => ({ tools }));
    server.setRequestHandler('tools/call', async ({ params }) => {
      const row = rows.get(params.name);
      if (row === undefined || message === undefined) {
        const text = `There is no tool ${shorten(params.name)}. There are ${names}.`;
        throw new ProtocolError(ProtocolErrorCode.InvalidParams, text);
      }
      const call = readToolCall(params.name, params.arguments ?? {});
      const { texts, isError } = textsOf(await message.callTool(row, call.query), call, publicUrl);
      return { content: texts.map((text) => ({ type: 'text', text })), isError };
    });
    return server;
  };
}
