import { afterAll, beforeAll, expect, it } from 'vitest';
import { FAILURE_CODES, FAILURES } from '../../src/domain/failure.ts';
import { createGateway, type Gateway, inject } from '../gateway.ts';

let gateway: Gateway;
beforeAll(async () => {
  gateway = await createGateway({ publicUrl: 'https://api.example.com' });
});
afterAll(() => gateway.close());

it.each([
  ['/v1/repo?repo=nothing', 'invalid_request'],
  ['/v1/repo?repo=acme/nothing', 'upstream_not_found'],
  ['/v1/rep', 'route_not_found'],
  ['/usage?months=x', 'invalid_request'],
])('%s leads to the page about %s, which is there', async (path, code) => {
  const { body, headers } = await gateway.get(path);
  const docs = `https://api.example.com/bitbucket-api/docs/errors/${code}.md`;
  expect([body.meta.code, body.meta.docs, headers.link]).toEqual([code, docs, `<${docs}>; rel="help"`]);
  const page = await gateway.server.inject(new URL(docs).pathname);
  expect([page.statusCode, page.headers['content-type']]).toEqual([200, 'text/markdown; charset=utf-8']);
});

it.each(FAILURE_CODES)('the page about %s says what happened, what it costs and what to do', async (code) => {
  const { body } = await gateway.server.inject(`/bitbucket-api/docs/errors/${code}.md`);
  expect(body).toContain(`# \`${code}\` (${FAILURES[code].status}`);
  expect(body).toMatch(/## What happened\n.+\n\n## What it costs\n.+\n\n## What to do\n.+\n\n## Example\n/);
  const cost = /## What it costs\n(.+)/.exec(body)?.[1];
  expect(cost?.startsWith('One call')).toBe(FAILURES[code].charged);
  const example = JSON.parse(/```json\n([\s\S]*?)```/.exec(body)?.[1] ?? '');
  expect(example.meta.code).toBe(code);
});

it('agents are told too', async () => {
  const { body } = await gateway.postMcp({
    jsonrpc: '2.0',
    id: 1,
    method: 'tools/call',
    params: { name: 'getRepository', arguments: {} },
  });
  expect(body).toContain('https://api.example.com/bitbucket-api/docs/errors/invalid_request.md');
});

it('a success has no such link, and without a public URL it leads from the root', async () => {
  expect((await gateway.get('/v1/meta')).headers.link).toBeUndefined();
  const plain = await createGateway();
  const { body } = await inject(plain.server, '/bitbucket-api/v1/meta');
  expect(body.meta.docs).toBe('/bitbucket-api/docs/errors/key_missing.md');
  await plain.close();
});
