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
import type { Endpoint } from '../endpoints/endpoint.ts';
import { parametersOf } from '../endpoints/parameters.ts';
import { BASE_PATH } from '../endpoints/table.ts';
import { aroundOf, failureEnvelope } from '../envelope/envelope.ts';
import { wholeOf } from '../envelope/respond.ts';
import type { Ended } from '../way/call.ts';

export const MCP_PATH = `${BASE_PATH}/mcp`;

/** One message of an agent, and what is needed to answer it. */
export interface McpMessage {
  /** Those headers of the request that the protocol judges. */
  readonly headers: Headers;
  /** The body, parsed. */
  readonly body: unknown;
  readonly table: readonly Endpoint[];
  readonly version: string;
  /** One call of `row`, all the way. */
  callTool(row: Endpoint, query: string): Promise<Ended>;
}

const INSTRUCTIONS =
  'Reads public repositories and workspaces of Bitbucket Cloud, live. Each tool answers with an envelope: `data` is ' +
  "Bitbucket's own JSON. When a list goes on, the last text of the answer holds the arguments of the next page. Each " +
  'tool call costs one call of the plan; on `rate_exceeded` and any 503 wait as long as the answer says.';

/**
 * The endpoints as read-only tools of the Model Context Protocol (streamable HTTP, one JSON answer a request, no
 * sessions, so that any gateway can take any request). A tool call goes the way of every call: the same gates, meter
 * and envelope.
 */
export async function answerMcp({ headers, body, table, version, callTool }: McpMessage): Promise<Response> {
  const server = new Server(
    { name: 'bitbucket-api', title: 'Bitbucket API', version },
    { capabilities: { tools: {} }, instructions: INSTRUCTIONS },
  );
  server.setRequestHandler(ListToolsRequestSchema, () => ({ tools: table.map(toolOf) }));
  server.setRequestHandler(CallToolRequestSchema, async ({ params }) => {
    const row = table.find(({ operationId }) => operationId === params.name);
    if (row !== undefined) return resultOf(await callTool(row, queryOf(params.arguments ?? {}).toString()));
    const names = table.map(({ operationId }) => operationId).join(', ');
    throw new McpError(ErrorCode.InvalidParams, `There is no tool ${params.name}. There are ${names}.`);
  });
  const transport = new WebStandardStreamableHTTPServerTransport({ enableJsonResponse: true });
  // The transport has optional callbacks that it also sets to undefined.
  await server.connect(transport as Parameters<typeof server.connect>[0]);
  const asked = new Request(new URL(MCP_PATH, 'http://gateway'), { method: 'POST', headers });
  const response = await transport.handleRequest(asked, { parsedBody: body });
  const text = await response.text();
  await server.close();
  return new Response(text === '' ? null : text, { status: response.status, headers: response.headers });
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

/** The envelope as text, so that no number is rounded on its way, and behind it what to do next. */
function resultOf({ asked, outcome, atMs }: Ended): CallToolResult {
  const stamp = { requestId: asked.requestId, atMs };
  const envelope = outcome.ok
    ? wholeOf(outcome.answer.data, aroundOf(stamp, outcome.row.message))
    : failureEnvelope(outcome.failure, stamp);
  const advice = adviceOn(outcome);
  return {
    content: [envelope.toString(), advice].flatMap((text) =>
      text === undefined ? [] : [{ type: 'text' as const, text }],
    ),
    isError: !outcome.ok,
  };
}

function adviceOn(outcome: Ended['outcome']): string | undefined {
  if (outcome.ok) {
    const next = outcome.answer.links?.next;
    return next && `There is a next page. Its arguments: ${JSON.stringify(Object.fromEntries(next))}`;
  }
  const { retryAfterMs } = outcome.failure;
  return retryAfterMs === undefined
    ? undefined
    : `Wait ${Math.max(1, Math.ceil(retryAfterMs / 1_000))} s, then call again.`;
}
