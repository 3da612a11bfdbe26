import { Server } from '@modelcontextprotocol/sdk/server/index.js';
import { WebStandardStreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js';
import {
  CallToolRequestSchema,
  ErrorCode,
  ListToolsRequestSchema,
  McpError,
} from '@modelcontextprotocol/sdk/types.js';
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

/**
 * The endpoints as read-only tools of the Model Context Protocol (streamable HTTP, one JSON answer a request, no
 * sessions, so that any gateway can take any request). A tool call goes the way of every call: the same gates, meter
 * and envelope.
 */
export function createMcp({
  table,
  version,
  publicUrl,
}: McpOptions): (message: McpMessage) => Promise<Response> {
  const rows = new Map(table.map((row) => [row.operationId, toolRowOf(row)]));
  const tools = [...rows.values()].map(toolOf);
  const names = [...rows.keys()].join(', ');

  const serverFor = ({ callTool }: McpMessage) => {
    const server = new Server(
      { name: 'bitbucket-api', title: 'Bitbucket API', version },
      { capabilities: { tools: {} }, instructions: INSTRUCTIONS },
    );
    server.setRequestHandler(ListToolsRequestSchema, () => ({ tools }));
    server.setRequestHandler(CallToolRequestSchema, async ({ params }) => {
      const row = rows.get(params.name);
      if (row === undefined)
        throw new McpError(
          ErrorCode.InvalidParams,
          `There is no tool ${shorten(params.name)}. There are ${names}.`,
        );
      const call = readToolCall(params.name, params.arguments ?? {});
      const { texts, isError } = textsOf(await callTool(row, call.query), call, publicUrl);
      return { content: texts.map((text) => ({ type: 'text', text })), isError };
    });
    return server;
  };

  return async (message) => {
    const server = serverFor(message);
    const transport = new WebStandardStreamableHTTPServerTransport({ enableJsonResponse: true });
    // The transport has optional callbacks that it also sets to undefined.
    await server.connect(transport as Parameters<typeof server.connect>[0]);
    const asked = new Request(new URL(MCP_PATH, 'http://gateway'), {
      method: 'POST',
      headers: message.headers,
    });
    const response = await transport.handleRequest(asked, { parsedBody: message.body });
    const text = await response.text();
    await server.close();
    return new Response(text === '' ? null : text, { status: response.status, headers: response.headers });
  };
}
