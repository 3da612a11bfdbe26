import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type { Endpoint } from '../src/endpoints/endpoint.ts';
import type { Gateway } from './gateway.ts';

const root = join(import.meta.dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'recipe-'));
let row: Endpoint;
let gateway: Gateway;

/** The recipe of the README, word for word, as a file of `src/endpoints`. */
function recipe(): string {
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  const [, section = ''] = readme.split('### Add an endpoint');
  const code = /```ts\n([\s\S]*?)```/.exec(section)?.[1];
  if (code === undefined) throw new Error('the README has no recipe');
  return code
    .replaceAll("'../", `'${join(root, 'src')}/`)
    .replaceAll("'./", `'${join(root, 'src/endpoints')}/`)
    .replaceAll("'zod'", `'${fileURLToPath(import.meta.resolve('zod'))}'`);
}

beforeAll(async () => {
  const file = join(folder, 'planted.ts');
  writeFileSync(file, recipe());
  row = Object.values((await import(file)) as Record<string, Endpoint>)[0] as Endpoint;
  vi.doMock('../src/endpoints/table.ts', async (original) => {
    const actual = await original<typeof import('../src/endpoints/table.ts')>();
    return { ...actual, table: actual.endpointsOf([...actual.reading, row]) };
  });
  gateway = await (await import('./gateway.ts')).createGateway();
});
afterAll(async () => {
  await gateway?.close();
  vi.doUnmock('../src/endpoints/table.ts');
  rmSync(folder, { recursive: true });
});

it('the recipe is one row, whose route asks Bitbucket for what was given and nothing else', async () => {
  const page = { values: [{ name: 'a.zip', size: 12, downloads: 3 }], pagelen: 5, page: 1 };
  gateway.standIn.fault('/downloads', (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(page));
  });
  const { status, body } = await gateway.get('/v1/repo/downloads?repo=acme/big&pagelen=5&pretty=1');
  expect([status, body.message, body.data]).toEqual([200, row.message, page]);
  expect(gateway.standIn.requests.at(-1)?.target).toBe('/2.0/repositories/acme/big/downloads?pagelen=5');
  expect(row.data.safeParse(body.data)).toHaveProperty('success', true);
  const refused = await gateway.get('/v1/repo/downloads?repo=acme/big&pagelne=5');
  expect([refused.status, refused.body.message]).toEqual([400, expect.stringContaining('`pagelen`')]);
});

it('OpenAPI describes it, each reference leading somewhere', async () => {
  const description = (await gateway.server.inject('/bitbucket-api/openapi.json')).json();
  const operation = description.paths['/v1/repo/downloads'].get;
  expect(operation.operationId).toBe(row.operationId);
  const { data } = operation.responses['200'].content['application/json'].schema.properties;
  const name = data.$ref.replace('#/components/schemas/', '');
  expect(description.components.schemas[name].properties.values.items).toBeDefined();
  expect(JSON.stringify(description)).not.toContain('undefined');
});

it('it is counted, told to agents and written about', async () => {
  expect((await gateway.get('/v1/meta')).body.data.endpoints).toBe(12);
  const page = await gateway.server.inject(`/bitbucket-api/llms/${row.operationId}.md`);
  expect(page.body).toContain('GET /v1/repo/downloads');
  const { body } = await gateway.postMcp({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} });
  expect(body).toContain(`"name":"${row.operationId}"`);
});
