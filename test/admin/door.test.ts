import type { AddressInfo } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { afterEach, describe, expect, it } from 'vitest';
import { createDashboard } from '../../src/admin/dashboard/dashboard.ts';
import { createDoor } from '../../src/admin/door.ts';
import { createMetrics } from '../../src/admin/metrics/metrics.ts';
import type { Operator } from '../../src/domain/operator.ts';
import { createTestClock } from '../gateway.ts';
import { fakeOperator, noTerms, silentLog } from './fakes.ts';

const TOKEN = 'canary-token-of-the-door';
const BEARER = { authorization: `Bearer ${TOKEN}` };
const doors: FastifyInstance[] = [];
afterEach(async () => {
  for (const door of doors.splice(0)) await door.close();
});

async function openDoor({ token = TOKEN as string | null, operator = {} as Partial<Operator> } = {}) {
  const clock = createTestClock();
  const port = fakeOperator(operator);
  const door = createDoor({
    operator: port,
    metrics: createMetrics(port, '1.0.0'),
    dashboard: createDashboard({ operator: port, terms: noTerms, clock }),
    version: '1.0.0',
    token,
    clock,
    log: silentLog,
  });
  doors.push(door);
  await door.listen({ host: '127.0.0.1', port: 0 });
  const url = `http://127.0.0.1:${(door.server.address() as AddressInfo).port}`;
  const ask = (path: string, init: RequestInit = {}) => fetch(url + path, { redirect: 'manual', ...init });
  return { url, ask, clock };
}

type Ask = Awaited<ReturnType<typeof openDoor>>['ask'];

const login = (ask: Ask, token: string) =>
  ask('/login', { method: 'POST', body: new URLSearchParams({ token }) });

async function cookieOf(ask: Ask): Promise<string> {
  const response = await login(ask, TOKEN);
  expect([response.status, response.headers.get('location')]).toEqual([303, '/']);
  return (response.headers.get('set-cookie') ?? '').split(';')[0] ?? '';
}

describe('without the token', () => {
  it.each(['/', '/metrics', '/openapi.json', '/v1/accounts', '/v1/keys/abc', '/nothing', '/v1/../metrics'])(
    '%s is 401, whether it exists or not',
    async (path) => {
      const { ask } = await openDoor();
      const response = await ask(path);
      expect(response.status).toBe(401);
      expect(response.headers.get('www-authenticate')).toMatch(/^Bearer/);
      const body = (await response.json()) as Record<string, unknown>;
      expect(Object.keys(body)).toEqual(['data', 'meta', 'status', 'message', 'success']);
      expect(body).toMatchObject({ data: null, meta: { code: 'unauthorized' }, success: false });
    },
  );

  it('health and the login page are open', async () => {
    const { ask } = await openDoor();
    expect((await ask('/healthz')).status).toBe(200);
    expect((await ask('/readyz')).status).toBe(200);
    const page = await ask('/login');
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
    expect(await page.text()).toContain('<form method="post" action="/login">');
  });

  it('a gateway that is not ready says so', async () => {
    const { ask } = await openDoor({ operator: { isReady: async () => false } });
    expect((await ask('/readyz')).status).toBe(503);
    expect((await ask('/healthz')).status).toBe(200);
  });

  it('a wrong one is counted: the sixth in a minute is 429, and the right one passes', async () => {
    const { ask, clock } = await openDoor();
    const status = async (token: string) =>
      (await ask('/metrics', { headers: { authorization: `Bearer ${token}` } })).status;
    for (let i = 0; i < 5; i += 1) expect(await status('wrong')).toBe(401);
    const refused = await ask('/metrics', { headers: { authorization: 'Bearer wrong' } });
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await login(ask, 'wrong')).status).toBe(429);
    expect(await status(TOKEN)).toBe(200);
    clock.pass(60_000);
    expect(await status('wrong')).toBe(401);
  });
});

describe('with the token', () => {
  it('metrics are read, what does not exist is 404', async () => {
    const { ask } = await openDoor();
    const metrics = await ask('/metrics', { headers: BEARER });
    expect([metrics.status, metrics.headers.get('content-type')]).toEqual([
      200,
      'text/plain; version=0.0.4; charset=utf-8',
    ]);
    expect((await ask('/nothing', { headers: BEARER })).status).toBe(404);
  });

  it('login sets a cookie that no script reads and no other site sends', async () => {
    const { ask } = await openDoor();
    const header = (await login(ask, TOKEN)).headers.get('set-cookie') ?? '';
    expect(header).toMatch(/; HttpOnly; SameSite=Strict; Max-Age=28800$/);
    expect(header).not.toContain(TOKEN);
    const cookie = await cookieOf(ask);
    expect((await ask('/metrics', { headers: { cookie } })).status).toBe(200);
    expect((await ask('/metrics', { headers: { cookie: `other=1; ${cookie}; more=2` } })).status).toBe(200);
    expect((await ask('/metrics', { headers: { cookie: `${cookie}x` } })).status).toBe(401);
  });

  it('the cookie ends after eight hours', async () => {
    const { ask, clock } = await openDoor();
    const cookie = await cookieOf(ask);
    clock.pass(8 * 3_600_000 - 60_000);
    expect((await ask('/metrics', { headers: { cookie } })).status).toBe(200);
    clock.pass(60_001);
    expect((await ask('/metrics', { headers: { cookie } })).status).toBe(401);
  });

  it('a wrong login shows the page again, with the reason', async () => {
    const { ask } = await openDoor();
    const response = await login(ask, 'wrong');
    expect(response.status).toBe(401);
    expect(response.headers.get('set-cookie')).toBeNull();
    expect(await response.text()).toContain('role="alert"');
  });

  it('a page of another origin can change nothing through a logged-in browser', async () => {
    const { ask, url } = await openDoor();
    const cookie = await cookieOf(ask);
    const logout = async (headers: Record<string, string>) =>
      (await ask('/logout', { method: 'POST', headers })).status;
    expect(await logout({ cookie })).toBe(403);
    expect(await logout({ cookie, origin: 'https://evil.example' })).toBe(403);
    expect(await logout({ cookie, origin: url.replace(/\d+$/, '8080') })).toBe(403);
    expect(await logout({ cookie, origin: url })).toBe(303);
    expect(await logout(BEARER)).toBe(303);
  });

  it('says to browsers that nothing from elsewhere belongs to it, and opens no CORS', async () => {
    const { ask } = await openDoor();
    for (const path of ['/login', '/metrics', '/healthz', '/nothing']) {
      const { headers } = await ask(path, { headers: { ...BEARER, origin: 'https://evil.example' } });
      expect(headers.get('content-security-policy')).toMatch(/^default-src 'none'; .*frame-ancestors 'none'/);
      expect(headers.get('cache-control')).toBe('no-store');
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect([...headers.keys()].filter((name) => name.startsWith('access-control'))).toEqual([]);
    }
    expect((await ask('/metrics', { method: 'OPTIONS', headers: BEARER })).status).toBe(404);
  });

  it('what cannot be read is 400, what breaks is 500 without its reason', async () => {
    const broken = async () => {
      throw new Error('canary of the inside');
    };
    const { ask } = await openDoor({ operator: { isReady: broken } });
    const response = await ask('/readyz');
    expect(response.status).toBe(500);
    expect(await response.text()).not.toContain('canary');
    const bad = await ask('/login', {
      method: 'POST',
      body: '{',
      headers: { 'content-type': 'application/json' },
    });
    expect(((await bad.json()) as { meta: { code: string } }).meta.code).toBe('invalid_request');
  });
});

describe('without ADMIN_TOKEN', () => {
  it('metrics and health are all there is', async () => {
    const { ask } = await openDoor({ token: null });
    for (const path of ['/metrics', '/healthz', '/readyz']) expect((await ask(path)).status).toBe(200);
    for (const path of ['/', '/login', '/v1/accounts', '/openapi.json', '/nothing'])
      expect((await ask(path, { headers: BEARER })).status).toBe(404);
    expect((await login(ask, '')).status).toBe(404);
  });
});
