import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { readConfig } from '../../src/config.ts';
import { createPulseLine } from '../../src/domain/pulse.ts';
import { openStores } from '../../src/open-stores.ts';
import { createOperatorSide, type OperatorSide } from '../../src/operator-side.ts';
import { createConnectProxy } from '../bitbucket/connect-proxy.ts';
import { createStandIn, type StandIn } from '../bitbucket/stand-in.ts';
import { createTestClock } from '../gateway.ts';
import { hasRedis, type RedisServer, startRedis } from '../store/redis-server.ts';
import { callEnded, silentLog } from './fakes.ts';
import { type Program, startProgram, TOKEN } from './program.ts';

// biome-ignore lint/suspicious/noExplicitAny: what an answer holds is for the test to judge
type Json = any;

/** A start of the real program takes seconds where the machine has other things to do. */
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const folder = mkdtempSync(join(tmpdir(), 'door-'));
let standIn: StandIn;
beforeAll(async () => {
  standIn = await createStandIn({ hourlyBudget: 1_000_000 });
});
afterAll(async () => {
  await standIn.close();
  rmSync(folder, { recursive: true, force: true });
});

/** A call; its status and request id. */
async function call(program: Program, path: string, key?: string) {
  const headers: Record<string, string> = key === undefined ? {} : { 'x-oanor-key': key };
  const response = await fetch(`${program.url}/bitbucket-api${path}`, { headers });
  await response.arrayBuffer();
  return { status: response.status, requestId: response.headers.get('x-request-id') ?? '' };
}

/** Until `read` says yes; whatever is told to a store once a second is there well before. */
async function until(read: () => Promise<boolean>): Promise<void> {
  for (let i = 0; i < 100; i += 1) {
    if (await read()) return;
    await wait(100);
  }
  throw new Error('it did not come about within 10 s');
}

/** `gateway_calls_total` by endpoint and code. */
async function countsOf(program: Program): Promise<Record<string, number>> {
  const { body } = await program.ask('GET', '/metrics');
  const lines = [
    ...body.matchAll(/^gateway_calls_total\{endpoint="(\w+)",status="\d+",code="(\w+)"\} (\d+)$/gm),
  ];
  return Object.fromEntries(lines.map(([, endpoint, code, count]) => [`${endpoint} ${code}`, Number(count)]));
}

describe('a gateway and its door', () => {
  let program: Program;
  beforeAll(async () => {
    program = await startProgram({ folder, standIn });
  });
  afterAll(() => program.stop());

  const newAccount = async (name: string, more: object = {}) =>
    (await program.ask('POST', '/v1/accounts', { name, plan: 'mega', ...more })).body.data;

  it('a key made by the door works on the next call, and not after it was revoked', async () => {
    const made = await newAccount('acme');
    expect((await call(program, '/v1/meta', made.key)).status).toBe(200);
    const shown = await program.ask('GET', `/v1/keys/${made.keyId}`);
    expect(shown.body.data).toMatchObject({ id: made.keyId, account: made.id, endsAt: null });
    expect((await program.ask('DELETE', `/v1/keys/${made.keyId}`)).status).toBe(200);
    expect((await call(program, '/v1/meta', made.key)).status).toBe(401);
  });

  it('an account is suspended and resumed, its key rotated with an overlap', async () => {
    const made = await newAccount('suspended');
    await program.ask('PATCH', `/v1/accounts/${made.id}`, { suspended: true });
    expect((await call(program, '/v1/meta', made.key)).status).toBe(402);
    await program.ask('PATCH', '/v1/accounts/suspended', { suspended: false, callsPerSecond: 100 });
    const rotated = await program.ask('POST', `/v1/keys/${made.keyId}/rotate`, { overlapSeconds: 60 });
    expect((await call(program, '/v1/meta', made.key)).status).toBe(200);
    expect((await call(program, '/v1/meta', rotated.body.data.key)).status).toBe(200);
    const audit = await program.ask('GET', '/v1/audit?limit=3');
    expect(audit.body.data.values.every((row: Json) => row.account === made.id)).toBe(true);
    expect((await program.ask('POST', '/v1/accounts', { name: 'suspended', plan: 'pro' })).status).toBe(400);
    expect((await program.ask('GET', '/v1/accounts/nobody')).status).toBe(404);
  });

  it('lists go on, whoever is made in between', async () => {
    for (const name of ['list-a', 'list-b', 'list-c']) await newAccount(name);
    const first = await program.ask('GET', '/v1/accounts?limit=2');
    const names: string[] = first.body.data.values.map((account: Json) => account.name);
    let next = first.body.data.next;
    while (next !== undefined) {
      const page = await program.ask('GET', `/v1/accounts?limit=2&cursor=${encodeURIComponent(next)}`);
      names.push(...page.body.data.values.map((account: Json) => account.name));
      next = page.body.data.next;
    }
    expect(names).toEqual([...new Set(names)].sort());
    expect(names).toEqual(expect.arrayContaining(['list-a', 'list-b', 'list-c']));
    expect((await program.ask('GET', '/v1/accounts?cursor=made-up')).status).toBe(400);
  });

  it('metrics, usage and the stand-in’s own count agree over mixed load', async () => {
    const before = await countsOf(program);
    standIn.reset();
    const { id, key } = await newAccount('load', { callsPerSecond: 1_000_000 });
    const mixed = [
      ...new Array(12).fill('/v1/repo?repo=atlassian/atlassian-event'),
      ...new Array(7).fill('/v1/repo/tags?repo=atlassian/atlassian-event'),
      ...new Array(5).fill('/v1/repo?repo=acme/nothing'),
      ...new Array(4).fill('/v1/repo?repo=not-a-repo'),
      ...new Array(3).fill('/v1/meta'),
    ];
    for (const path of mixed) await call(program, path, key);
    await call(program, '/v1/meta');
    const expected = {
      'getRepository ok': 12,
      'listTags ok': 7,
      'getRepository upstream_not_found': 5,
      'getRepository invalid_request': 4,
      'getMeta ok': 3,
    };
    const counted = await countsOf(program);
    for (const [name, count] of Object.entries(expected))
      expect([name, (counted[name] ?? 0) - (before[name] ?? 0)]).toEqual([name, count]);
    expect(standIn.requests).toHaveLength(12 + 7 + 5);
    const usageOf = async (account: string) =>
      (await program.ask('GET', `/v1/usage${account === '' ? '' : `?account=${account}`}`)).body.data;
    const usage = await usageOf(id);
    expect(
      Object.fromEntries(usage.rows.map((row: Json) => [`${row.endpoint} ${row.code}`, row.calls])),
    ).toEqual(expected);
    expect(usage.total).toMatchObject({ calls: 31, charged: 27 });
    // A call without a key is nobody's, and everyone's all the same.
    const everyone = await usageOf('');
    expect(everyone.codes.find((row: Json) => row.code === 'key_missing').calls).toBe(
      counted['getMeta key_missing'] ?? counted['none key_missing'],
    );
  });

  it('the story of a call is found by its request id', async () => {
    const { id, key } = await newAccount('story');
    const { requestId } = await call(program, '/v1/repo?repo=atlassian/atlassian-event&pretty=1', key);
    const story = (await program.ask('GET', `/v1/calls/${requestId}`)).body.data;
    expect(story).toMatchObject({
      requestId,
      endpoint: 'getRepository',
      accountId: id,
      subject: 'atlassian/atlassian-event',
      status: 200,
      code: null,
      charge: 'charged',
      hungUp: false,
    });
    expect(JSON.stringify(story)).not.toContain(key);
    await until(
      async () => (await program.ask('GET', `/v1/calls/${requestId}`)).body.data.requestId === requestId,
    );
  });

  it('exits are shown and read again', async () => {
    const exits = await program.ask('GET', '/v1/exits');
    expect(exits.body.data.values).toHaveLength(1);
    const [direct] = exits.body.data.values;
    expect(direct).toMatchObject({ state: 'healthy', hourlyBudget: 1_000_000 });
    expect(encodeURIComponent(direct.id)).toBe(direct.id);
    expect((await program.ask('POST', '/v1/exits/reload')).body.data).toEqual({ exits: 1 });
  });

  it('the log level is another until the next start', async () => {
    await program.ask('POST', '/v1/log-level', { level: 'silent' });
    const { length } = program.output();
    const { requestId } = await call(program, '/v1/meta');
    await program.ask('POST', '/v1/log-level', { level: 'info' });
    const last = (await call(program, '/v1/meta')).requestId;
    await until(async () => program.output().includes(last));
    expect(program.output().slice(length)).not.toContain(requestId);
  });

  it('is not reached by callers’ port, and the callers’ API not by the door', async () => {
    for (const path of ['/metrics', '/v1/accounts', '/login', '/openapi.json', '/v1/exits']) {
      const response = await fetch(program.url + path, { headers: { authorization: `Bearer ${TOKEN}` } });
      await response.arrayBuffer();
      expect([path, response.status]).toEqual([path, 404]);
    }
    expect((await program.ask('GET', '/bitbucket-api/v1/meta')).status).toBe(404);
  });

  it('never tells its token or a key', async () => {
    const { key } = await newAccount('canary');
    await call(program, '/v1/meta', key);
    expect(program.output()).not.toContain(TOKEN);
    expect(program.output()).not.toContain(key);
  });
});

describe('starting', () => {
  it('outside production a token is made and shown once with the address', async () => {
    const own = mkdtempSync(join(folder, 'development-'));
    const program = await startProgram({
      folder: own,
      standIn,
      environment: { NODE_ENV: '', ADMIN_TOKEN: '' },
    });
    await until(async () => program.output().includes('Its token until the next start'));
    const [, token = ''] = /door: .*\n\nIts token .*:\n\n {2}([\w-]{32})\n/.exec(program.output()) ?? [];
    const status = async (bearer: string) =>
      (await fetch(`${program.door}/metrics`, { headers: { authorization: `Bearer ${bearer}` } })).status;
    expect([await status(token), await status(TOKEN)]).toEqual([200, 401]);
    expect(program.output().split(token)).toHaveLength(2);
    expect(await program.stop()).toBe(0);
  });

  it('in production without a token, metrics and health are all there is', async () => {
    const own = mkdtempSync(join(folder, 'production-'));
    const program = await startProgram({ folder: own, standIn, environment: { ADMIN_TOKEN: '' } });
    expect((await program.ask('GET', '/metrics')).status).toBe(200);
    expect((await program.ask('GET', '/v1/accounts')).status).toBe(404);
    expect((await program.ask('GET', '/login')).status).toBe(404);
    await program.stop();
  });

  it('ends with one line where the door’s place is taken', async () => {
    const { port } = new URL(standIn.url);
    await expect(
      startProgram({
        folder: mkdtempSync(join(folder, 'taken-')),
        standIn,
        environment: { ADMIN_PORT: port },
      }),
    ).rejects.toThrow(`ADMIN_PORT ${port} is taken`);
  });

  it('stops at the month’s traffic through exits, after a restart as well', async () => {
    const own = mkdtempSync(join(folder, 'traffic-'));
    const proxy = await createConnectProxy();
    const limitBytes = 200_000;
    const environment = { PROXY_URLS: proxy.url, EGRESS_GB_PER_MONTH: String(limitBytes / 1e9) };
    const first = await startProgram({ folder: own, standIn, environment });
    const made = (
      await first.ask('POST', '/v1/accounts', {
        name: 'payer',
        plan: 'mega',
        callsPerSecond: 1_000_000,
      })
    ).body.data;
    const sentBy = async (program: Program) =>
      Number(
        /^gateway_exit_month_bytes (\S+)$/m.exec((await program.ask('GET', '/metrics')).body as string)?.[1],
      );
    const callUntilStopped = async (program: Program) => {
      for (let calls = 0; calls < 500; calls += 1) {
        const { status } = await call(program, '/v1/repo/branches?repo=acme/big', made.key);
        if (status !== 200) return status;
      }
      return 200;
    };
    expect(await callUntilStopped(first)).toBe(503);
    const sent = await sentBy(first);
    expect(sent).toBeGreaterThanOrEqual(limitBytes);
    expect(sent).toBeLessThan(limitBytes * 1.05);
    expect(await first.stop()).toBe(0);
    const second = await startProgram({ folder: own, standIn, environment });
    const asked = standIn.requests.length;
    expect(await callUntilStopped(second)).toBe(503);
    expect(standIn.requests).toHaveLength(asked);
    expect(await sentBy(second)).toBe(sent);
    await second.stop();
    await proxy.close();
  });

  it('what was used and what became of calls outlives the process', async () => {
    const own = mkdtempSync(join(folder, 'restart-'));
    const first = await startProgram({ folder: own, standIn });
    const made = (await first.ask('POST', '/v1/accounts', { name: 'acme', plan: 'mega' })).body.data;
    const { requestId } = await call(first, '/v1/meta', made.key);
    expect(await first.stop()).toBe(0);
    const second = await startProgram({ folder: own, standIn });
    const usage = (await second.ask('GET', `/v1/usage?account=${made.id}`)).body.data;
    expect(usage.total.calls).toBe(1);
    expect((await second.ask('GET', `/v1/calls/${requestId}`)).body.data.endpoint).toBe('getMeta');
    await second.stop();
  });
});

describe.runIf(hasRedis)('two gateways on one Redis', () => {
  let redis: RedisServer;
  const sides: (OperatorSide & { readonly url: string; closeStores(): Promise<void> })[] = [];
  const clock = createTestClock();

  const openSide = async () => {
    const stores = await openStores(redis.url, { role: 'tool', clock, log: silentLog });
    const unused = () => {
      throw new Error('this test asks no exit');
    };
    const side = createOperatorSide({
      config: readConfig({ ADMIN_TOKEN: TOKEN, ADMIN_PORT: '0', NODE_ENV: 'production' }),
      stores,
      version: '1.0.0',
      clock,
      log: silentLog,
      exits: unused,
      reread: unused,
      isReady: async () => true,
      inside: unused,
      setLogLevel: unused,
      pulse: createPulseLine(),
      sourceTerms: () => new Map(),
    });
    return { ...side, url: (await side.listen()) ?? '', closeStores: stores.close };
  };
  const ask = async (index: number, method: string, path: string, body?: Json, headers = {}) => {
    const response = await fetch(`${sides[index % 2]?.url}${path}`, {
      method,
      headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json', ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as Json };
  };

  beforeAll(async () => {
    redis = await startRedis();
    sides.push(await openSide(), await openSide());
  });
  afterAll(async () => {
    for (const side of sides) {
      await side.close();
      await side.closeStores();
    }
    await redis.stop();
  });

  it('an account sent ten times at once under one Idempotency-Key exists once', async () => {
    const send = (index: number, body: Json = { name: 'once', plan: 'pro' }) =>
      ask(index, 'POST', '/v1/accounts', body, { 'idempotency-key': 'order-17' });
    const answers = await Promise.all(Array.from({ length: 10 }, (_, i) => send(i)));
    expect(answers.map(({ status }) => status)).toEqual(new Array(10).fill(200));
    expect(new Set(answers.map(({ body }) => body.data.id)).size).toBe(1);
    expect(new Set(answers.map(({ body }) => body.data.keyId)).size).toBe(1);
    expect(answers.filter(({ body }) => body.data.key !== null)).toHaveLength(1);
    const accounts = await ask(0, 'GET', '/v1/accounts');
    expect(accounts.body.data.values).toHaveLength(1);
    const other = await send(1, { name: 'other', plan: 'pro' });
    expect([other.status, other.body.meta.code]).toEqual([409, 'idempotency_conflict']);
  });

  it('usage and stories are shared, at most a second behind', async () => {
    const { body } = await ask(0, 'POST', '/v1/accounts', { name: 'shared', plan: 'mega' });
    const ended = callEnded({ accountId: body.data.id, receivedAtMs: clock.now() });
    for (const side of sides) side.telemetry.callEnded(ended);
    const callsAt = async (index: number) =>
      (await ask(index, 'GET', `/v1/usage?account=${body.data.id}`)).body.data.total.calls;
    await until(async () => (await callsAt(0)) === 2 && (await callsAt(1)) === 2);
    await until(async () => (await ask(1, 'GET', `/v1/calls/${ended.requestId}`)).status === 200);
  });
});
