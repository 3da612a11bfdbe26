import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import type { FastifyInstance } from 'fastify';
import { afterEach, describe, expect, it } from 'vitest';
import { operations } from '../../src/admin/api/table.ts';
import { createDashboard } from '../../src/admin/dashboard/dashboard.ts';
import { createDoor } from '../../src/admin/door.ts';
import { createMetrics } from '../../src/admin/metrics/metrics.ts';
import type { Account } from '../../src/domain/account.ts';
import {
  type AccountsDesk,
  type ExitsDesk,
  type KeyMade,
  type Operator,
  OperatorError,
} from '../../src/domain/operator.ts';
import { createTestClock } from '../gateway.ts';
import { exitView, fakeOperator, noTerms, silentLog } from './fakes.ts';

const TOKEN = 'canary-token-of-the-door';
const doors: FastifyInstance[] = [];
afterEach(async () => {
  for (const door of doors.splice(0)) await door.close();
});

// biome-ignore lint/suspicious/noExplicitAny: what an answer holds is for the test to judge
type Json = any;

function open(operator: Partial<Operator> = {}) {
  const port = fakeOperator(operator);
  const clock = createTestClock('2026-11-24T12:00:00Z');
  const door = createDoor({
    operator: port,
    metrics: createMetrics(port, '1.0.0'),
    dashboard: createDashboard({ operator: port, terms: noTerms, clock }),
    version: '1.0.0',
    token: TOKEN,
    clock,
    log: silentLog,
  });
  doors.push(door);
  const ask = async (method: string, url: string, body?: Json, headers: Record<string, string> = {}) => {
    const response = await door.inject({
      method: method as 'GET',
      url,
      headers: { authorization: `Bearer ${TOKEN}`, ...headers },
      ...(body === undefined ? {} : { payload: body }),
    });
    return { status: response.statusCode, body: response.json() as Json, headers: response.headers };
  };
  return { ask, clock };
}

const ACME: Account = {
  id: 'acct_4fT9kPq2LmXz',
  name: 'acme',
  plan: 'pro',
  overrides: { callsPerSecond: 30 },
  suspended: false,
  expiresAtMs: Date.parse('2027-01-31'),
};
const KEY: KeyMade = {
  id: '4fT9kPq2',
  accountId: ACME.id,
  createdAtMs: 0,
  endsAtMs: null,
  key: 'oanor_live_x',
};

/** Notes what it is asked for; answers with the same account and key. */
function noting() {
  const asked: unknown[][] = [];
  const note =
    <Result>(name: string, result: Result) =>
    async (...args: unknown[]) => {
      asked.push([name, ...args]);
      return result;
    };
  const accounts = {
    create: note('create', { account: ACME, key: KEY }),
    find: note('find', ACME),
    list: note('list', { values: [ACME], next: 'more' }),
    change: note('change', ACME),
    createKey: note('createKey', KEY),
    findKey: note('findKey', KEY),
    listKeys: note('listKeys', { values: [KEY], next: null }),
    rotateKey: note('rotateKey', { ...KEY, key: null }),
    revokeKey: note('revokeKey', { ...KEY, endsAtMs: 1_000 }),
    listAudit: note('listAudit', {
      values: [{ atMs: 0, action: 'create', accountId: ACME.id, detail: 'key 4fT9kPq2' }],
      next: null,
    }),
  } as AccountsDesk;
  return { accounts, asked };
}

describe('accounts and keys', () => {
  it('POST /v1/accounts hands over the terms and shows the first key', async () => {
    const { accounts, asked } = noting();
    const { ask } = open({ accounts });
    const terms = { name: 'acme', plan: 'pro', callsPerSecond: 30, expiresAt: '2027-01-31' };
    const { status, body } = await ask('POST', '/v1/accounts', terms);
    expect(status).toBe(200);
    expect(asked).toEqual([
      [
        'create',
        {
          name: 'acme',
          plan: 'pro',
          overrides: { callsPerSecond: 30 },
          expiresAtMs: Date.parse('2027-01-31'),
        },
        null,
      ],
    ]);
    expect(body).toEqual({
      data: {
        id: ACME.id,
        name: 'acme',
        plan: 'pro',
        callsPerMonth: 258_000,
        callsPerSecond: 30,
        suspended: false,
        expiresAt: '2027-01-31T00:00:00.000Z',
        keyId: '4fT9kPq2',
        key: 'oanor_live_x',
      },
      meta: {
        timestamp: expect.stringMatching(/^2026-11-24T12:/),
        request_id: expect.stringMatching(/^[\da-f-]{36}$/),
      },
      status: 'ok',
      message: 'Account created',
      success: true,
    });
  });

  it('PATCH hands over only what was given', async () => {
    const { accounts, asked } = noting();
    const { ask } = open({ accounts });
    await ask('PATCH', '/v1/accounts/acme', { suspended: true });
    await ask('PATCH', '/v1/accounts/acme', { callsPerMonth: null, expiresAt: null });
    await ask('PATCH', '/v1/accounts/acme', { expiresAt: '2027-01-31T12:00:00+02:00', plan: 'mega' });
    expect(asked).toEqual([
      ['change', 'acme', { suspended: true }],
      ['change', 'acme', { callsPerMonth: null, expiresAtMs: null }],
      ['change', 'acme', { plan: 'mega', expiresAtMs: Date.parse('2027-01-31T10:00:00Z') }],
    ]);
  });

  it('lists go on with a cursor', async () => {
    const { accounts, asked } = noting();
    const { ask } = open({ accounts });
    const first = await ask('GET', '/v1/accounts');
    expect(first.body.data.next).toBe('more');
    await ask('GET', '/v1/accounts?cursor=more&limit=7');
    const keys = await ask('GET', '/v1/keys?account=acme');
    expect(keys.body.data).toEqual({
      values: [{ id: '4fT9kPq2', account: ACME.id, createdAt: '1970-01-01T00:00:00.000Z', endsAt: null }],
    });
    await ask('GET', '/v1/audit');
    expect(asked).toEqual([
      ['list', { cursor: null, limit: 100 }],
      ['list', { cursor: 'more', limit: 7 }],
      ['listKeys', { cursor: null, limit: 100 }, 'acme'],
      ['listAudit', { cursor: null, limit: 100 }],
    ]);
  });

  it('keys are made, shown, rotated with an overlap, and revoked', async () => {
    const { accounts, asked } = noting();
    const { ask } = open({ accounts });
    expect((await ask('POST', '/v1/accounts/acme/keys')).body.data.key).toBe('oanor_live_x');
    expect((await ask('GET', '/v1/keys/4fT9kPq2')).body.data.id).toBe('4fT9kPq2');
    expect((await ask('POST', '/v1/keys/4fT9kPq2/rotate', { overlapSeconds: 60 })).body.data.key).toBeNull();
    await ask('POST', '/v1/keys/4fT9kPq2/rotate');
    expect((await ask('DELETE', '/v1/keys/4fT9kPq2')).body.data.endsAt).toBe('1970-01-01T00:00:01.000Z');
    expect(asked).toEqual([
      ['createKey', 'acme', null],
      ['findKey', '4fT9kPq2'],
      ['rotateKey', '4fT9kPq2', 60_000, null],
      ['rotateKey', '4fT9kPq2', 86_400_000, null],
      ['revokeKey', '4fT9kPq2'],
    ]);
  });

  it('Idempotency-Key is handed on with a fingerprint of all that is asked', async () => {
    const { accounts, asked } = noting();
    const { ask } = open({ accounts });
    const once = { 'idempotency-key': 'order-17' };
    await ask('POST', '/v1/accounts', { name: 'acme', plan: 'pro' }, once);
    await ask('POST', '/v1/accounts', { plan: 'pro', name: 'acme' }, once);
    await ask('POST', '/v1/accounts', { name: 'acme', plan: 'mega' }, once);
    await ask('POST', '/v1/accounts/acme/keys', {}, once);
    const [first, second, third, fourth] = asked.map((call) => call[2]) as {
      name: string;
      fingerprint: string;
    }[];
    expect(first?.name).toBe('order-17');
    expect(second).toEqual(first);
    expect(new Set([first, third, fourth].map((one) => one?.fingerprint)).size).toBe(3);
    const refused = await ask(
      'POST',
      '/v1/accounts',
      { name: 'a', plan: 'pro' },
      { 'idempotency-key': 'a b' },
    );
    expect([refused.status, refused.body.meta.details[0].parameter]).toEqual([400, 'Idempotency-Key']);
  });
});

describe('what is wrong is named', () => {
  it.each([
    ['POST', '/v1/accounts', { name: 'a', plan: 'gold' }, 'plan', 'must be one of free, starter, pro, mega'],
    ['POST', '/v1/accounts', { name: 'a' }, 'plan', 'must be one of free, starter, pro, mega'],
    ['POST', '/v1/accounts', { name: 7, plan: 'pro' }, 'name', 'must be string'],
    ['POST', '/v1/accounts', { name: 'a', plan: 'pro', colour: 1 }, 'colour', 'is unknown here'],
    [
      'POST',
      '/v1/accounts',
      { name: 'a', plan: 'pro', expiresAt: 'soon' },
      'expiresAt',
      'must be a date like 2027-01-31, or a moment like 2027-01-31T12:00:00Z',
    ],
    ['GET', '/v1/accounts?limit=0', undefined, 'limit', 'must be from 1 to 1000'],
    ['GET', '/v1/accounts?limit=ten', undefined, 'limit', 'must be a whole number'],
    ['GET', '/v1/accounts?page=2', undefined, 'page', 'is unknown here'],
    ['GET', '/v1/usage?month=2026-13', undefined, 'month', 'must be a month like 2026-11'],
    [
      'POST',
      '/v1/log-level',
      { level: 'loud' },
      'level',
      'must be one of fatal, error, warn, info, debug, trace, silent',
    ],
  ])('%s %s %j', async (method, url, body, parameter, message) => {
    const answer = await open().ask(method, url, body);
    expect(answer.status).toBe(400);
    expect(answer.body.meta).toMatchObject({ code: 'invalid_request', details: [{ parameter, message }] });
  });

  it('a body that is no JSON, too large, or of another kind', async () => {
    const { ask } = open();
    const json = { 'content-type': 'application/json' };
    expect((await ask('POST', '/v1/accounts', '{', json)).body.meta.code).toBe('invalid_request');
    expect((await ask('POST', '/v1/accounts', '[]', json)).status).toBe(400);
    const large = await ask('POST', '/v1/accounts', JSON.stringify({ name: 'x'.repeat(70_000) }), json);
    expect([large.status, large.body.meta.code]).toEqual([413, 'request_too_large']);
    expect((await ask('POST', '/v1/accounts', '<a/>', { 'content-type': 'text/xml' })).status).toBe(400);
  });

  it('in the operator’s own words, with the code’s status', async () => {
    const failing = (error: Error) => ({
      accounts: { ...noting().accounts, find: () => Promise.reject(error) } as AccountsDesk,
    });
    const gone = await open(failing(new OperatorError('not_found', 'no account is called x', 'account'))).ask(
      'GET',
      '/v1/accounts/x',
    );
    expect([gone.status, gone.body.meta.code, gone.body.meta.details]).toEqual([
      404,
      'not_found',
      [{ parameter: 'account', message: 'no account is called x' }],
    ]);
    const clash = await open(failing(new OperatorError('idempotency_conflict', 'taken'))).ask(
      'GET',
      '/v1/accounts/x',
    );
    expect([clash.status, clash.body.meta.code]).toEqual([409, 'idempotency_conflict']);
  });
});

describe('exits', () => {
  function exitsOf(...ids: string[]) {
    const aside = new Set<string>();
    const toggle = (id: string, isAside: boolean) => {
      if (!ids.includes(id)) return false;
      if (isAside) aside.add(id);
      else aside.delete(id);
      return true;
    };
    const exits: ExitsDesk = {
      list: () => ids.map((id) => exitView({ id, state: aside.has(id) ? 'set_aside' : 'healthy' })),
      setAside: (id) => toggle(id, true),
      bringBack: (id) => toggle(id, false),
      reload: async () => ({ exits: ids.length }),
    };
    return exits;
  }

  it('are listed by their ids, page by page', async () => {
    const { ask } = open({ exits: exitsOf('c', 'a', 'b') });
    const first = await ask('GET', '/v1/exits?limit=2');
    expect(first.body.data.values.map((exit: Json) => exit.id)).toEqual(['a', 'b']);
    const rest = await ask('GET', `/v1/exits?limit=2&cursor=${first.body.data.next}`);
    expect(rest.body.data.values.map((exit: Json) => exit.id)).toEqual(['c']);
    expect(rest.body.data.next).toBeUndefined();
  });

  it('are set aside, brought back, and read again', async () => {
    const { ask } = open({ exits: exitsOf('a') });
    expect((await ask('POST', '/v1/exits/a/set-aside')).body.data.state).toBe('set_aside');
    expect((await ask('GET', '/v1/exits')).body.data.values[0].state).toBe('set_aside');
    expect((await ask('POST', '/v1/exits/a/bring-back')).body.data.state).toBe('healthy');
    expect((await ask('POST', '/v1/exits/z/set-aside')).status).toBe(404);
    expect((await ask('POST', '/v1/exits/reload')).body.data).toEqual({ exits: 1 });
  });

  it('a bad list is refused by name', async () => {
    const reload = () => Promise.reject(new OperatorError('invalid_request', 'entry 3 has no port'));
    const { ask } = open({ exits: { ...exitsOf('a'), reload } });
    const answer = await ask('POST', '/v1/exits/reload');
    expect([answer.status, answer.body.message]).toEqual([400, 'entry 3 has no port']);
  });

  it('another request under the same Idempotency-Key is refused, for a day', async () => {
    const { ask, clock } = open({ exits: exitsOf('a', 'b') });
    const aside = async (id: string) =>
      (await ask('POST', `/v1/exits/${id}/set-aside`, {}, { 'idempotency-key': 'k1' })).status;
    expect([await aside('a'), await aside('a'), await aside('b')]).toEqual([200, 200, 409]);
    clock.pass(86_400_000);
    expect(await aside('b')).toBe(200);
  });
});

describe('usage, calls, log', () => {
  const ROWS = [
    {
      day: '2026-11-01',
      endpoint: 'getRepository',
      code: 'ok',
      calls: 3,
      charged: 3,
      bytesOut: 30,
      bytesExit: 60,
    },
    {
      day: '2026-11-02',
      endpoint: 'getRepository',
      code: 'upstream_failed',
      calls: 1,
      charged: 0,
      bytesOut: 1,
      bytesExit: 2,
    },
    {
      day: '2026-11-02',
      endpoint: 'listTags',
      code: 'ok',
      calls: 2,
      charged: 2,
      bytesOut: 20,
      bytesExit: 40,
    },
  ];

  it('usage by day, endpoint and code, and in all', async () => {
    const asked: unknown[] = [];
    const usage = {
      read: async (...args: unknown[]) => {
        asked.push(args);
        return ROWS;
      },
    };
    const { ask } = open({ usage, accounts: noting().accounts });
    const { body } = await ask('GET', '/v1/usage?account=acme');
    expect(body.data.total).toEqual({ calls: 6, charged: 5, bytesOut: 51, bytesExit: 102 });
    expect(body.data).toMatchObject({
      exits: [{ source: 'p1', requests: 5, bytes: 1_000_000, cost: 0.003 }],
      cost: 0.003,
    });
    const answered = ROWS.reduce((sum, { code, calls }) => sum + (code === 'ok' ? calls : 0), 0);
    expect(body.data.costPerThousand).toBeCloseTo((0.003 / answered) * 1_000, 12);
    expect(body.data.days.map((row: Json) => [row.day, row.calls])).toEqual([
      ['2026-11-01', 3],
      ['2026-11-02', 3],
    ]);
    expect(body.data.endpoints.map((row: Json) => [row.endpoint, row.calls])).toEqual([
      ['getRepository', 4],
      ['listTags', 2],
    ]);
    expect(body.data.codes.map((row: Json) => [row.code, row.charged])).toEqual([
      ['ok', 5],
      ['upstream_failed', 0],
    ]);
    expect(body.data.rows).toEqual(ROWS);
    await ask('GET', '/v1/usage?month=2025-12');
    expect(asked).toEqual([
      [ACME.id, '2026-11'],
      [null, '2025-12'],
    ]);
  });

  it('the story of a call, or 404', async () => {
    const id = '2f0b6d3c-0000-4000-8000-000000000001';
    const calls = {
      find: async (asked: string) => (asked === id ? ({ requestId: id, attempts: [] } as never) : null),
    };
    const { ask } = open({ calls });
    expect((await ask('GET', `/v1/calls/${id.toUpperCase()}`)).body.data.requestId).toBe(id);
    expect((await ask('GET', `/v1/calls/${id.replace('1', '2')}`)).status).toBe(404);
    expect((await ask('GET', '/v1/calls/nothing')).status).toBe(400);
  });

  it('the log level', async () => {
    const levels: string[] = [];
    const { ask } = open({ setLogLevel: (level) => levels.push(level) });
    expect((await ask('POST', '/v1/log-level', { level: 'debug' })).body.data).toEqual({ level: 'debug' });
    expect(levels).toEqual(['debug']);
  });
});

describe('the description', () => {
  it('names every operation once, and CONTRACT’s places are all there', async () => {
    const { body } = await open().ask('GET', '/openapi.json');
    const found = Object.entries<Json>(body.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(found.sort()).toEqual(operations.map(({ method, path }) => `${method} ${path}`).sort());
    for (const place of [
      ...[
        'GET /v1/accounts',
        'POST /v1/accounts',
        'GET /v1/accounts/{account}',
        'PATCH /v1/accounts/{account}',
      ],
      ...['POST /v1/accounts/{account}/keys', 'GET /v1/keys', 'GET /v1/keys/{id}', 'DELETE /v1/keys/{id}'],
      ...['POST /v1/keys/{id}/rotate', 'GET /v1/usage', 'GET /v1/audit', 'GET /v1/exits'],
      ...['POST /v1/exits/{id}/set-aside', 'POST /v1/exits/{id}/bring-back', 'POST /v1/exits/reload'],
      'GET /v1/calls/{request_id}',
    ])
      expect(found).toContain(place);
    expect(new Set(operations.map(({ id }) => id)).size).toBe(operations.length);
  });

  it('every answer is what its schema says', async () => {
    const { accounts } = noting();
    const { ask } = open({ accounts, usage: { read: async () => [] } });
    const { body: description } = await ask('GET', '/openapi.json');
    const ajv = new Ajv2020({ strict: false, allErrors: true });
    formats.default(ajv);
    ajv.addSchema(description, 'openapi');
    const faultsOf = (path: string, method: string, status: number, body: Json) => {
      const where = [path, method, 'responses', String(status), 'content', 'application/json', 'schema'];
      const pointer = where.map((part) => part.replaceAll('~', '~0').replaceAll('/', '~1')).join('/');
      const validate = ajv.compile({ $ref: `openapi#/paths/${pointer}` });
      return validate(body) ? [] : validate.errors;
    };
    const tries = [
      ['GET', '/v1/accounts', '/v1/accounts', undefined],
      ['POST', '/v1/accounts', '/v1/accounts', { name: 'acme', plan: 'pro' }],
      ['GET', '/v1/accounts/acme', '/v1/accounts/{account}', undefined],
      ['PATCH', '/v1/accounts/acme', '/v1/accounts/{account}', {}],
      ['POST', '/v1/accounts/acme/keys', '/v1/accounts/{account}/keys', {}],
      ['GET', '/v1/keys', '/v1/keys', undefined],
      ['GET', '/v1/keys/4fT9kPq2', '/v1/keys/{id}', undefined],
      ['POST', '/v1/keys/4fT9kPq2/rotate', '/v1/keys/{id}/rotate', {}],
      ['GET', '/v1/exits', '/v1/exits', undefined],
      ['GET', '/v1/usage', '/v1/usage', undefined],
      ['GET', '/v1/audit', '/v1/audit', undefined],
    ] as const;
    for (const [method, url, path, payload] of tries) {
      const { status, body } = await ask(method, url, payload);
      expect([url, status, faultsOf(path, method.toLowerCase(), 200, body)]).toEqual([url, 200, []]);
    }
    const { body } = await ask('GET', '/v1/accounts');
    expect(faultsOf('/v1/accounts', 'get', 200, { ...body, data: { values: [{ id: 7 }] } })).not.toEqual([]);
  });
});
