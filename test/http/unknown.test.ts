import { afterAll, beforeAll, expect, it } from 'vitest';
import { createGateway, type Gateway, inject } from '../gateway.ts';

let gateway: Gateway;
beforeAll(async () => {
  gateway = await createGateway();
});
afterAll(() => gateway.close());

it.each(['/nowhere', '/bitbucket-api/v1/nope'])(
  'OPTIONS %s leaves in the envelope, or passes as a preflight',
  async (path) => {
    const plain = await inject(gateway.server, path, {}, 'OPTIONS');
    expect([plain.status, plain.body.meta.code]).toEqual([404, 'route_not_found']);
    const preflight = await inject(
      gateway.server,
      path,
      { 'access-control-request-method': 'GET' },
      'OPTIONS',
    );
    expect([preflight.status, preflight.headers['access-control-allow-origin']]).toEqual([204, '*']);
  },
);

it.each([
  ['/bitbucket-api/v1/repo/brnches', 'Did you mean /bitbucket-api/v1/repo/branches?'],
  ['/v1/repo', 'Did you mean /bitbucket-api/v1/repo?'],
  ['/bitbucket-api/status', 'The endpoints are described at /bitbucket-api/docs.'],
  [`/${'x'.repeat(5_000)}`, 'The endpoints are described at /bitbucket-api/docs.'],
])('%s: %s', async (path, hint) => {
  expect((await inject(gateway.server, path)).body.message).toBe(`There is nothing here. ${hint}`);
});

it('an address that asks for nothing but unknown paths is guarded, good keys are not', async () => {
  const statuses = new Set<number>();
  for (let i = 0; i < 650; i += 1) statuses.add((await inject(gateway.server, `/nowhere-${i % 7}`)).status);
  expect([...statuses]).toEqual([404, 429]);
  expect((await gateway.get('/v1/meta')).status).toBe(200);
});

it('a key as a bearer token opens, two different keys do not', async () => {
  const authorization = `Bearer ${gateway.key}`;
  const path = '/bitbucket-api/v1/meta';
  expect((await inject(gateway.server, path, { authorization })).status).toBe(200);
  const both = await inject(gateway.server, path, { authorization, 'x-oanor-key': 'another' });
  expect([both.status, both.body.meta.details?.[0]?.parameter]).toEqual([400, 'authorization']);
});

it('nothing known by its store being away is counted against an address', async () => {
  const away = await createGateway();
  away.stores.keys.find = async () => {
    throw Object.assign(new Error('away'), {});
  };
  for (let i = 0; i < 620; i += 1) await away.get('/v1/meta');
  expect((await away.get('/v1/meta')).status).toBe(500);
  await away.close();
});
