import { connect } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createGateway, createTestClock, type Gateway, inject } from './gateway.ts';

let gateway: Gateway;
beforeAll(async () => {
  gateway = await createGateway();
});
afterEach(() => gateway.standIn.reset());
afterAll(() => gateway.close());

const REPO = '/v1/repo?repo=atlassian/atlassian-event';
const remaining = async (key: string) =>
  Number((await gateway.get('/v1/repo', key)).headers['x-quota-remaining']);

describe('the envelope', () => {
  it('has its five keys on success, and the answer its headers', async () => {
    const { status, headers, body } = await gateway.get(REPO);
    expect(status).toBe(200);
    expect(Object.keys(body)).toEqual(['data', 'meta', 'status', 'message', 'success']);
    expect(body).toMatchObject({ status: 'ok', message: 'Repository detail', success: true });
    expect(body.meta.timestamp).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    expect(headers['x-request-id']).toBe(body.meta.request_id);
    expect(headers['x-upstream-request-id']).toMatch(/^[0-9a-f]{32}$/);
    expect(headers['cache-control']).toBe('private, no-cache');
    expect(headers['access-control-allow-origin']).toBe('*');
    expect(headers['server-timing']).toMatch(/^upstream;dur=[\d.]+, total;dur=[\d.]+$/);
    expect(headers['x-ratelimit-limit']).toBe('1000000');
    expect(headers['ratelimit-policy']).toMatch(/^"second";q=1000000;w=1, "month";q=1260000;w=\d+$/);
    expect(headers.ratelimit).toMatch(/^"second";r=\d+;t=\d+, "month";r=\d+;t=\d+$/);
  });

  it('shows the same with white space for pretty=1', async () => {
    const pretty = await gateway.get(`${REPO}&pretty=1`);
    const plain = await gateway.get(REPO);
    expect(pretty.body.data).toEqual(plain.body.data);
    expect(pretty.text).toContain('{\n    "data": {\n        "scm": "git",');
  });

  it('has the same five keys on failure', async () => {
    const { status, body } = await gateway.get('/v1/repo');
    expect(status).toBe(400);
    expect(Object.keys(body)).toEqual(['data', 'meta', 'status', 'message', 'success']);
    expect(body).toMatchObject({ data: null, status: 'error', success: false });
    expect(body.meta).toMatchObject({ code: 'invalid_request', details: [{ parameter: 'repo' }] });
  });
});

describe('the gates', () => {
  it('401 without a key, with how to send one', async () => {
    const { status, headers, body } = await inject(gateway.server, `/bitbucket-api${REPO}`);
    expect([status, body.meta.code]).toEqual([401, 'key_missing']);
    expect(headers['www-authenticate']).toContain('x-oanor-key');
    expect(headers).not.toHaveProperty('x-quota-remaining');
  });

  it.each(['nonsense', 'oanor_live_AAAAAAAAaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 'ключ'])(
    '401 for the key %s',
    async (key) => {
      const { status, body } = await gateway.get(REPO, encodeURIComponent(key));
      expect([status, body.meta.code]).toEqual([401, 'key_invalid']);
    },
  );

  it('402 when the account is suspended, and a fresh key works on its next call', async () => {
    const key = await gateway.newKey({ name: 'sleeper' });
    expect((await gateway.get(REPO, key)).status).toBe(200);
    await gateway.stores.registry.change('sleeper', { suspended: true }, 0);
    gateway.clock.pass(1_000);
    const { status, headers, body } = await gateway.get(REPO, key);
    expect([status, body.meta.code]).toEqual([402, 'subscription_inactive']);
    expect(headers['x-quota-remaining']).toBe('1259999');
  });

  it('402 when the account has expired', async () => {
    const key = await gateway.newKey({ expiresAtMs: gateway.clock.now() - 1 });
    expect((await gateway.get(REPO, key)).status).toBe(402);
  });

  it('429 above the plan in one second, free of charge, and it says how long to wait', async () => {
    const key = await gateway.newKey({ plan: 'free' });
    const answers = await Promise.all([1, 2, 3].map(() => gateway.get('/v1/meta', key)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 429]);
    const refused = answers.find(({ status }) => status === 429);
    expect(refused?.body.meta.code).toBe('rate_exceeded');
    expect(refused?.headers['retry-after']).toBe('1');
    gateway.clock.pass(1_001);
    const next = await gateway.get('/v1/meta', key);
    expect([next.status, next.headers['x-quota-remaining']]).toEqual([200, '1847']);
  });

  it('400 before the month is spent', async () => {
    const key = await gateway.newKey();
    await gateway.get('/v1/repo?repo=a/b&nonsense=1', key);
    expect(await remaining(key)).toBe(1_260_000);
  });

  it('429 when the month is used up, until the next one begins', async () => {
    const clock = createTestClock('2028-02-29T23:59:50Z');
    const late = await createGateway({ clock });
    const key = await late.newKey({ overrides: { callsPerMonth: 2, callsPerSecond: 100 } });
    const statuses = [];
    for (let i = 0; i < 3; i += 1) statuses.push((await late.get('/v1/meta', key)).status);
    expect(statuses).toEqual([200, 200, 429]);
    const refused = await late.get('/v1/meta', key);
    expect(refused.body.meta.code).toBe('quota_exhausted');
    expect(Number(refused.headers['retry-after'])).toBeLessThanOrEqual(10);
    expect(refused.headers['x-quota-remaining']).toBe('0');
    clock.pass(11_000);
    expect((await late.get('/v1/meta', key)).headers['x-quota-remaining']).toBe('1');
    await late.close();
  });

  it('tells the operator once each at 80, 90 and 100 % of the month', async () => {
    const key = await gateway.newKey({
      name: 'eager',
      overrides: { callsPerMonth: 10, callsPerSecond: 100 },
    });
    for (let i = 0; i < 12; i += 1) await gateway.get('/v1/meta', key);
    const told = gateway.log.filter(({ level, text }) => level === 'warn' && text.includes('"name":"eager"'));
    expect(told.map(({ text }) => /"percent":(\d+)/.exec(text)?.[1])).toEqual(['80', '90', '100']);
  });

  it('guards an address that keeps calling without a good key, and lets good keys pass', async () => {
    const guarded = await createGateway();
    let last = 0;
    for (let i = 0; i < 601; i += 1) last = (await guarded.get('/v1/meta', 'junk')).status;
    expect(last).toBe(429);
    expect((await guarded.get('/v1/meta')).status).toBe(200);
    await guarded.close();
  });
});

describe('what a call costs', () => {
  it.each([
    ['/v1/meta', 200, 1],
    ['/v1/repo?repo=atlassian/nothing', 404, 1],
    ['/v1/workspace?workspace=closed', 403, 1],
    ['/v1/workspace?workspace=spam', 410, 1],
    ['/v1/repo/branches?repo=acme/big&q=name', 400, 1],
    ['/v1/repo/src?repo=acme/big&path=imitation.json', 400, 1],
    ['/v1/repo?repo=nothing', 400, 0],
  ])('%s: %i costs %i', async (path, status, cost) => {
    const key = await gateway.newKey();
    expect((await gateway.get(path, key)).status).toBe(status);
    expect(await remaining(key)).toBe(1_260_000 - cost);
  });

  it('nothing when the fault is the upstream’s, and the answer says so already', async () => {
    const key = await gateway.newKey();
    gateway.standIn.fault('/repositories', (_request, response) => response.writeHead(503).end(), 9);
    const { status, headers, body } = await gateway.get(REPO, key);
    expect([status, body.meta.code]).toEqual([502, 'upstream_failed']);
    expect(headers['x-quota-remaining']).toBe('1260000');
  });

  it('one, when the caller hangs up', async () => {
    const key = await gateway.newKey({ name: 'hasty' });
    await gateway.server.listen({ host: '127.0.0.1', port: 0 });
    let asked = () => {};
    const arrived = new Promise<void>((resolve) => {
      asked = resolve;
    });
    gateway.standIn.fault('/repositories', () => asked());
    const { port } = gateway.server.server.address() as { port: number };
    const socket = connect(port, '127.0.0.1');
    socket.write(`GET /bitbucket-api${REPO} HTTP/1.1\r\nhost: x\r\nx-oanor-key: ${key}\r\n\r\n`);
    await arrived;
    socket.destroy();
    const ended = () => gateway.log.some(({ text }) => text.includes('"status":504'));
    await expect.poll(ended).toBe(true);
    expect(await remaining(key)).toBe(1_259_999);
  });
});

describe('what is no endpoint', () => {
  it.each([
    ['GET', '/', 404, 'route_not_found'],
    ['GET', '/bitbucket-api', 404, 'route_not_found'],
    ['GET', '/bitbucket-api/v1/repo/brnches', 404, 'route_not_found'],
    ['POST', '/bitbucket-api/v1/repo', 405, 'method_not_allowed'],
    ['DELETE', '/bitbucket-api/v1/meta?x=1', 405, 'method_not_allowed'],
    ['GET', '/bitbucket-api/v1/%zz', 400, 'invalid_request'],
  ] as const)('%s %s: %i %s, without a key', async (method, url, status, code) => {
    const answer = await inject(gateway.server, url, {}, method);
    expect([answer.status, answer.body.meta.code]).toEqual([status, code]);
    expect(answer.headers['x-request-id']).toBe(answer.body.meta.request_id);
    if (status === 405) expect(answer.headers.allow).toBe('GET, HEAD, OPTIONS');
  });

  it('names the path that was probably meant', async () => {
    const { body } = await inject(gateway.server, '/bitbucket-api/v1/repo/brnches');
    expect(body.message).toContain('/bitbucket-api/v1/repo/branches');
  });

  it('lets a browser’s preflight pass', async () => {
    const headers = { origin: 'https://x.example', 'access-control-request-headers': 'x-oanor-key' };
    const { status, headers: answered } = await inject(
      gateway.server,
      `/bitbucket-api${REPO}`,
      headers,
      'OPTIONS',
    );
    expect(status).toBe(204);
    expect(answered['access-control-allow-headers']).toContain('x-oanor-key');
  });

  it('HEAD has the headers of GET and no body', async () => {
    const answer = await inject(
      gateway.server,
      `/bitbucket-api${REPO}`,
      { 'x-oanor-key': gateway.key },
      'HEAD',
    );
    expect([answer.status, answer.text]).toEqual([200, '']);
    expect(Number(answer.headers['content-length'])).toBeGreaterThan(1_000);
  });
});

describe('what is no HTTP', () => {
  const send = async (bytes: string) => {
    const { port } = gateway.server.server.address() as { port: number };
    const socket = connect(port, '127.0.0.1');
    socket.write(bytes);
    let text = '';
    for await (const chunk of socket) text += chunk;
    return text;
  };

  it.each([
    ['garbage', 'nonsense\r\n\r\n', 400, 'invalid_request'],
    [
      'oversized headers',
      `GET / HTTP/1.1\r\nhost: x\r\nx: ${'x'.repeat(20_000)}\r\n\r\n`,
      431,
      'request_too_large',
    ],
  ])('%s leaves in the envelope', async (_name, bytes, status, code) => {
    const text = await send(bytes);
    expect(text).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    const body = JSON.parse(text.slice(text.indexOf('\r\n\r\n') + 4));
    expect(body).toMatchObject({ data: null, success: false, meta: { code } });
  });
});

describe('secrets and stacks', () => {
  it('sends no header of the caller upstream', async () => {
    await inject(gateway.server, `/bitbucket-api${REPO}`, {
      'x-oanor-key': gateway.key,
      cookie: 'canary',
      authorization: 'canary',
    });
    const sent = JSON.stringify(gateway.standIn.requests);
    expect(sent).not.toContain(gateway.key);
    expect(sent).not.toContain('canary');
  });

  it('shows no key, stack or path in the log', async () => {
    await gateway.get(`${REPO}&pretty=1`);
    await gateway.get('/v1/repo?repo=https://user:canary@evil.example/a/b');
    const text = JSON.stringify(gateway.log);
    expect(text).toContain('getRepository');
    expect(text).not.toContain(gateway.key);
    expect(text).not.toContain('canary');
    expect(text).not.toMatch(/node_modules|\.ts:\d/);
  });

  it('tells a thrown error as internal, with nothing of it', async () => {
    const broken = await createGateway();
    Object.assign(broken.stores.meter, {
      spend: async () => {
        throw new Error('canary at /somewhere/secret.ts:1');
      },
    });
    const app = broken.server;
    const { status, text, body } = await inject(app, `/bitbucket-api${REPO}`, { 'x-oanor-key': broken.key });
    expect([status, body.meta.code]).toEqual([500, 'internal']);
    expect(text).not.toContain('canary');
    await broken.close();
  });
});

it('tells new calls to go elsewhere while it drains', async () => {
  const draining = await createGateway();
  void draining.app.drain();
  const { status, headers, body } = await draining.get(REPO);
  expect([status, body.meta.code, headers['retry-after']]).toEqual([503, 'draining', '1']);
  expect((await draining.server.inject('/healthz')).statusCode).toBe(200);
  expect((await draining.server.inject('/readyz')).statusCode).toBe(503);
  await draining.close();
});
