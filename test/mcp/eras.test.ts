import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createGateway, type Gateway } from '../gateway.ts';

const PATH = '/bitbucket-api/mcp';
const MODERN = '2026-07-28';
const META = {
  'io.modelcontextprotocol/protocolVersion': MODERN,
  'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1.0.0' },
  'io.modelcontextprotocol/clientCapabilities': {},
};

let gateway: Gateway;
let url: URL;
beforeAll(async () => {
  gateway = await createGateway({
    publicUrl: 'https://api.example.com',
    allowedOrigins: ['https://app.example.org'],
  });
  url = new URL(PATH, await gateway.server.listen({ port: 0, host: '127.0.0.1' }));
});
afterAll(() => gateway.close());

async function post(message: object, headers: Record<string, string> = {}) {
  const response = await gateway.postMcp({ jsonrpc: '2.0', id: 1, ...message }, headers);
  const { statusCode, body } = response;
  return { status: statusCode, headers: response.headers, body: body === '' ? null : JSON.parse(body) };
}

const ask = (method: string, params: object = {}, headers: Record<string, string> = {}) =>
  post(
    { method, params: { ...params, _meta: META } },
    {
      'mcp-protocol-version': MODERN,
      'mcp-method': method,
      ...('name' in params ? { 'mcp-name': String(params.name) } : {}),
      ...headers,
    },
  );

describe('the stateless protocol of 2026-07-28', () => {
  it('is discovered without a greeting', async () => {
    const { status, body } = await ask('server/discover');
    expect(status).toBe(200);
    expect(body.result).toMatchObject({
      resultType: 'complete',
      supportedVersions: expect.arrayContaining([MODERN]),
      capabilities: { tools: {} },
      ttlMs: 300_000,
      cacheScope: 'public',
    });
  });

  it('lists the tools and says how long that may be kept', async () => {
    const { body } = await ask('tools/list');
    expect(body.result).toMatchObject({ resultType: 'complete', ttlMs: 300_000, cacheScope: 'public' });
    expect(body.result.tools).toHaveLength(11);
  });

  it('calls a tool, in JSON and at once', async () => {
    const { headers, body } = await ask('tools/call', { name: 'getMeta', arguments: {} });
    expect(headers['content-type']).toBe('application/json; charset=utf-8');
    expect(body.result).toMatchObject({ resultType: 'complete', isError: false });
    expect(JSON.parse(body.result.content[0].text).data.endpoints).toBe(11);
  });

  it.each([
    ['another method in its header', { 'mcp-method': 'tools/list' }],
    ['another name in its header', { 'mcp-name': 'getRepository' }],
    ['another version in its header', { 'mcp-protocol-version': '2025-11-25' }],
  ])('refuses a call with %s', async (_, headers) => {
    const { status, body } = await ask('tools/call', { name: 'getMeta', arguments: {} }, headers);
    expect([status, body.error.code]).toEqual([400, -32_020]);
  });

  it('refuses a version that nobody knows, and tells those it speaks', async () => {
    const meta = { ...META, 'io.modelcontextprotocol/protocolVersion': '2099-01-01' };
    const headers = { 'mcp-protocol-version': '2099-01-01', 'mcp-method': 'tools/list' };
    const { status, body } = await post({ method: 'tools/list', params: { _meta: meta } }, headers);
    expect([status, body.error.data.supported]).toEqual([400, expect.arrayContaining([MODERN])]);
  });

  it('has nothing to subscribe to, and does not keep a stream open for it', async () => {
    const { body } = await ask('subscriptions/listen', { notifications: { toolsListChanged: true } });
    expect(body.error.code).toBeLessThan(0);
  });

  it('is what a client of the second SDK finds by itself', async () => {
    const client = new Client({ name: 'test', version: '1.0.0' }, { versionNegotiation: { mode: 'auto' } });
    const headers = { 'x-oanor-key': gateway.key };
    await client.connect(new StreamableHTTPClientTransport(url, { requestInit: { headers } }));
    expect(client.getNegotiatedProtocolVersion()).toBe(MODERN);
    expect((await client.listTools()).tools).toHaveLength(11);
    const { content } = await client.callTool({ name: 'listTags', arguments: { repo: 'acme/big' } });
    expect(content).toHaveLength(1);
    await client.close();
  });
});

it('the second SDK speaks the earlier protocol with it too', async () => {
  const client = new Client({ name: 'test', version: '1.0.0' }, { versionNegotiation: { mode: 'legacy' } });
  const headers = { authorization: `Bearer ${gateway.key}` };
  await client.connect(new StreamableHTTPClientTransport(url, { requestInit: { headers } }));
  expect(client.getNegotiatedProtocolVersion()).toBe('2025-11-25');
  expect((await client.listTools()).tools).toHaveLength(11);
  await client.close();
});

describe('an origin', () => {
  it.each([
    ['of nobody’s', 'https://evil.example', 403],
    ['that is none', 'null', 403],
    ['of the gateway’s own', 'https://api.example.com', 200],
    ['that is allowed', 'https://app.example.org', 200],
  ])('%s', async (_, origin, status) => {
    const answer = await ask('tools/list', {}, { origin });
    expect(answer.status).toBe(status);
    if (status === 403) expect(answer.body).toMatchObject({ jsonrpc: '2.0', error: { code: -32_000 } });
  });

  it('is judged before the key', async () => {
    const answer = await ask('tools/list', {}, { origin: 'https://evil.example', 'x-oanor-key': 'no' });
    expect(answer.status).toBe(403);
  });
});
