import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { table } from '../../src/endpoints/table.ts';
import { createGateway, type Envelope, type Gateway, inject } from '../gateway.ts';

const PATH = '/bitbucket-api/mcp';

let gateway: Gateway;
let url: URL;
beforeAll(async () => {
  gateway = await createGateway();
  url = new URL(PATH, await gateway.server.listen({ port: 0, host: '127.0.0.1' }));
});
afterAll(() => gateway.close());

async function connect(key: string | undefined): Promise<Client> {
  const client = new Client({ name: 'test', version: '1.0.0' });
  const transport = new StreamableHTTPClientTransport(url, {
    requestInit: { headers: key === undefined ? {} : { 'x-oanor-key': key } },
  });
  await client.connect(transport as Parameters<typeof client.connect>[0]);
  return client;
}

async function callTool(client: Client, name: string, given: Record<string, unknown> = {}) {
  const result = (await client.callTool({ name, arguments: given })) as CallToolResult;
  const [envelope, advice] = result.content.map((part) => (part.type === 'text' ? part.text : ''));
  return {
    isError: result.isError,
    text: envelope ?? '',
    body: JSON.parse(envelope ?? '') as Envelope,
    advice,
  };
}

it('greets and lists eleven read-only tools with the rows’ own parameters, free of charge', async () => {
  const key = await gateway.newKey({ plan: 'free' });
  const client = await connect(key);
  const { tools } = await client.listTools();
  expect(tools.map(({ name }) => name)).toEqual(table.map(({ operationId }) => operationId));
  for (const [i, tool] of tools.entries()) {
    expect(tool.annotations?.readOnlyHint).toBe(true);
    const names = Object.keys(tool.inputSchema.properties ?? {});
    expect(names.filter((name) => name !== 'detail' && name !== 'cursor').concat('pretty')).toEqual(
      Object.keys(table[i]?.input.shape ?? {}),
    );
  }
  const { headers } = await gateway.get('/v1/repo?repo=nothing', key);
  expect(headers['x-quota-remaining']).toBe('1850');
  expect(headers['x-ratelimit-remaining']).toBe('1');
  await client.close();
});

it('reads the 49 branches, page by page, as the advice says, one call each', async () => {
  const key = await gateway.newKey({ plan: 'mega' });
  const client = await connect(key);
  const names: string[] = [];
  let given: Record<string, unknown> | undefined = { repo: 'atlassian/atlassian-event', pagelen: 20 };
  let calls = 0;
  while (given !== undefined) {
    const { body, advice } = await callTool(client, 'listBranches', given);
    calls += 1;
    names.push(...body.data.values.map(({ name }: { name: string }) => name));
    given = advice === undefined ? undefined : JSON.parse(/\{.*\}/.exec(advice)?.[0] ?? '');
  }
  expect(calls).toBe(3);
  expect(new Set(names).size).toBe(49);
  const { headers } = await gateway.get('/v1/repo?repo=nothing', key);
  expect(headers['x-quota-remaining']).toBe(String(1_260_000 - 3));
  await client.close();
});

it('gives the envelope of the endpoint itself where all detail is wanted', async () => {
  const client = await connect(gateway.key);
  const { text } = await callTool(client, 'getRepository', { repo: 'acme/big', detail: 'full' });
  const plain = await gateway.get('/v1/repo?repo=acme/big');
  const withoutMeta = (envelope: string) => envelope.replace(/"meta":\{[^}]*\}/, '');
  expect(withoutMeta(text)).toBe(withoutMeta(plain.text));
  await client.close();
});

it('says what to do when there is no key, a wrong one, too many calls, bad input or an unknown tool', async () => {
  await expect(connect(undefined)).rejects.toThrow(/A key is needed/);
  await expect(connect('oanor_test_wrong')).rejects.toThrow(/unknown or no longer valid/);

  const client = await connect(await gateway.newKey({ plan: 'free' }));
  const results = [];
  for (let i = 0; i < 3; i += 1) results.push(await callTool(client, 'getMeta'));
  const over = results.find(({ isError }) => isError);
  expect(over?.body.meta.code).toBe('rate_exceeded');
  expect(over?.advice).toBe('Wait 1 s, then call again.');
  gateway.clock.pass(1_000);

  const wrong = await callTool(client, 'listBranches', { repo: 'acme/big', pagelen: 101, stat: { a: 1 } });
  expect(wrong).toMatchObject({ isError: true, body: { meta: { code: 'invalid_request' } } });
  expect(wrong.body.meta.details?.map(({ parameter }) => parameter).sort()).toEqual(['pagelen', 'stat']);
  await expect(client.callTool({ name: 'dropRepository' })).rejects.toThrow(/There are getRepository/);
  await client.close();
});

it('takes POST alone, and a preflight', async () => {
  const answer = await inject(gateway.server, PATH, { 'x-oanor-key': gateway.key });
  expect([answer.status, answer.headers.allow]).toEqual([405, 'POST, OPTIONS']);
  const preflight = await inject(
    gateway.server,
    PATH,
    { 'access-control-request-headers': 'x-oanor-key' },
    'OPTIONS',
  );
  expect(preflight.headers['access-control-allow-methods']).toBe('POST, OPTIONS');
});

it.each([
  ['no JSON', '{', 'application/json', 400],
  ['no message', '{"a":1}', 'application/json', 400],
  ['another type', 'a=1', 'application/x-www-form-urlencoded', 400],
  ['too much', `"${'x'.repeat(70_000)}"`, 'application/json', 413],
])('refuses a body that is %s', async (_, payload, type, status) => {
  const { statusCode, body } = await gateway.postMcp(payload, { 'content-type': type });
  expect([statusCode, body.includes('stack')]).toEqual([status, false]);
});

const post = (key: string, payload: string) => gateway.postMcp(payload, { 'x-oanor-key': key });

it.each(['{', '', '{"jsonrpc":'])('tells %j as the protocol tells what is no JSON', async (payload) => {
  const { statusCode, headers, body } = await post(gateway.key, payload);
  expect([statusCode, headers['x-request-id']]).toEqual([400, expect.stringMatching(/^[0-9a-f-]{36}$/)]);
  expect(JSON.parse(body)).toMatchObject({ jsonrpc: '2.0', error: { code: -32_700 }, id: null });
});

it('listing passes a gate of its own, which takes nothing of the plan', async () => {
  const key = await gateway.newKey({ plan: 'free' });
  const list = () => post(key, '{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{}}');
  const answers = await Promise.all(Array.from({ length: 14 }, list));
  const refused = answers.filter(({ statusCode }) => statusCode === 429);
  expect(answers.filter(({ statusCode }) => statusCode === 200)).toHaveLength(10);
  expect(refused[0]?.json()).toMatchObject({ data: null, meta: { code: 'rate_exceeded' } });
  expect(refused[0]?.headers['retry-after']).toBe('1');
  expect((await gateway.get('/v1/meta', key)).headers['x-ratelimit-remaining']).toBe('1');
  gateway.clock.pass(1_000);
  expect((await list()).statusCode).toBe(200);
});
