import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { type Program, startProgram } from '../admin/program.ts';
import { createStandIn, type StandIn } from '../bitbucket/stand-in.ts';
import { hasRedis, type RedisServer, startRedis } from '../store/redis-server.ts';
import { type Marketplace, SECRET, startMarketplace, until } from './world.ts';

/** A start of the real program takes seconds where the machine has other things to do. */
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const root = join(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'webhooks-'));
let standIn: StandIn;
let marketplace: Marketplace;
const programs: Program[] = [];
let redis: RedisServer | undefined;

beforeAll(async () => {
  standIn = await createStandIn({ hourlyBudget: 1_000_000 });
});
beforeEach(async () => {
  marketplace = await startMarketplace();
});
afterEach(async () => {
  for (const program of programs.splice(0)) await program.stop();
  await redis?.stop();
  redis = undefined;
  await marketplace.leave();
});
afterAll(async () => {
  await standIn.close();
  rmSync(folder, { recursive: true, force: true });
});

async function start(own: string, environment: Record<string, string> = {}): Promise<Program> {
  const told = { WEBHOOK_URL: marketplace.url, WEBHOOK_SECRET: SECRET };
  const program = await startProgram({ folder: own, standIn, environment: { ...told, ...environment } });
  programs.push(program);
  return program;
}
const newFolder = () => mkdtempSync(join(folder, 'own-'));

async function newAccount(program: Program, name: string, more: object = {}) {
  return (await program.ask('POST', '/v1/accounts', { name, plan: 'pro', ...more })).body.data;
}
const call = async (program: Program, key: string) => {
  const response = await fetch(`${program.url}/bitbucket-api/v1/meta`, { headers: { 'x-oanor-key': key } });
  await response.arrayBuffer();
  return response.status;
};
/** What came of one account, by type. */
const typesOf = (account: string) =>
  marketplace.posted.filter((post) => post.account === account).map(({ type }) => type);
const dataOf = (account: string, nth: number) =>
  JSON.parse(marketplace.posted.filter((post) => post.account === account)[nth]?.body ?? '{}').data;

/** What the README tells marketplaces to do, word for word. */
async function verifyOfReadme() {
  const [, section = ''] = readFileSync(join(root, 'README.md'), 'utf8').split('### Webhooks');
  const code = /```ts\n([\s\S]*?)```/.exec(section)?.[1] ?? '';
  const file = join(folder, 'verify.mjs');
  writeFileSync(file, stripTypeScriptTypes(code));
  return (await import(file)) as {
    isGenuine(header: string, body: string, secret: string, nowMs?: number): boolean;
  };
}

describe('a gateway with WEBHOOK_URL', () => {
  it('tells of keys, suspensions and quotas, by whomever they were brought about', async () => {
    const own = newFolder();
    const program = await start(own);
    const made = await newAccount(program, 'acme', { callsPerMonth: 5 });
    const rotated = (await program.ask('POST', `/v1/keys/${made.keyId}/rotate`, { overlapSeconds: 60 })).body
      .data;
    await program.ask('DELETE', `/v1/keys/${rotated.id}`);
    await program.ask('PATCH', `/v1/accounts/${made.id}`, { suspended: true });
    await program.ask('PATCH', `/v1/accounts/${made.id}`, { suspended: false, callsPerSecond: 1_000 });
    await until(() => typesOf(made.id).length === 6);
    expect(typesOf(made.id)).toEqual([
      ...['key.created', 'key.created', 'key.revoked', 'key.revoked'],
      ...['account.suspended', 'account.resumed'],
    ]);
    const account = { id: made.id, name: 'acme', plan: 'pro' };
    expect(dataOf(made.id, 0)).toEqual({ account, key: { id: made.keyId, replaces: null } });
    expect(dataOf(made.id, 1)).toEqual({ account, key: { id: rotated.id, replaces: made.keyId } });
    const shown = (await program.ask('GET', `/v1/keys/${made.keyId}`)).body.data;
    expect(dataOf(made.id, 2)).toEqual({
      account,
      key: { id: made.keyId, ends_at: shown.endsAt, replaced_by: rotated.id },
    });
    expect(dataOf(made.id, 4)).toEqual({ account });

    // The command writes beside the running gateway.
    const command = spawnSync(
      process.execPath,
      ['src/cli/keys.ts', 'create', '--name', 'acme', '--plan', 'pro', '--json'],
      {
        cwd: root,
        env: { PATH: process.env.PATH, STORE_URL: `sqlite:${join(own, 'gateway.db')}` },
      },
    );
    const { key, id } = JSON.parse(command.stdout.toString());
    await until(() => typesOf(made.id).length === 7);
    expect(dataOf(made.id, 6).key.id).toBe(id);

    const statuses = [];
    for (let i = 0; i < 7; i += 1) statuses.push(await call(program, key));
    expect(statuses).toEqual([200, 200, 200, 200, 200, 429, 429]);
    await until(() => typesOf(made.id).length === 9);
    expect([dataOf(made.id, 7), dataOf(made.id, 8)]).toEqual([
      { account, period: expect.stringMatching(/^\d{4}-\d\d$/), percent: 80, limit: 5, used: 4 },
      { account, period: expect.any(String), percent: 100, limit: 5, used: 5 },
    ]);
    const metrics = (await program.ask('GET', '/metrics')).body as string;
    expect(metrics).toMatch(/^gateway_webhooks_total\{result="delivered"\} 9$/m);
    for (const { body } of marketplace.posted) {
      expect(body).not.toContain(key);
      expect(body).not.toContain(made.key);
    }
    expect(program.output()).not.toContain(SECRET);
  });

  it('loses nothing when it is killed, and tells nothing twice under two ids', async () => {
    const own = newFolder();
    const first = await start(own);
    marketplace.fault = (_post, response) => response.writeHead(500).end();
    const made = await newAccount(first, 'killed', { callsPerMonth: 5 });
    for (let i = 0; i < 5; i += 1) await call(first, made.key);
    await until(() => marketplace.posted.length >= 1);
    // One that is under way when the power goes.
    marketplace.fault = () => {};
    const hanging = marketplace.posted.length;
    await until(() => marketplace.posted.length > hanging);
    // What was told of the quota is in the store within a moment; the call alone does not wait for it.
    await until(async () => {
      const text = (await first.ask('GET', '/metrics')).body as string;
      return /^gateway_webhooks_pending 3$/m.test(text);
    });
    const gone = once(first.process, 'exit');
    first.process.kill('SIGKILL');
    await gone;
    programs.splice(0);
    marketplace.fault = null;
    const second = await start(own);
    await until(() => marketplace.taken.length >= 3);
    // Found again by the next start, which knows of no warning.
    await call(second, made.key);
    await newAccount(second, 'after');
    await until(() => marketplace.taken.length >= 4);
    const taken = marketplace.taken.map((id) => marketplace.posted.find((post) => post.id === id));
    expect(taken.map((post) => [post?.type, JSON.parse(post?.body ?? '').data.percent])).toEqual([
      ['key.created', undefined],
      ['quota.reached', 80],
      ['quota.reached', 100],
      ['key.created', undefined],
    ]);
    const ids = new Set(marketplace.posted.map(({ id }) => id));
    expect(ids.size).toBe(4);
  });

  it('is believed by what the README tells to do, and nobody else is', async () => {
    const program = await start(newFolder());
    await newAccount(program, 'signed');
    await until(() => marketplace.posted.length === 1);
    const { isGenuine } = await verifyOfReadme();
    const [post] = marketplace.posted;
    const [header, body] = [String(post?.headers['x-oanor-signature']), post?.body ?? ''];
    const nowMs = Date.now();
    expect(isGenuine(header, body, SECRET)).toBe(true);
    expect(isGenuine(header, body.replace('acme', 'evil').replace('signed', 'evil'), SECRET)).toBe(false);
    expect(isGenuine(header, body, `${SECRET}x`)).toBe(false);
    expect(isGenuine(header.replace(/t=\d+/, `t=${Math.floor(nowMs / 1_000) + 9}`), body, SECRET)).toBe(
      false,
    );
    expect(isGenuine(header, body, SECRET, nowMs + 301_000)).toBe(false);
    expect(isGenuine('', body, SECRET)).toBe(false);
    expect(isGenuine('t=1,v1=zz', body, SECRET)).toBe(false);
  });

  it.each([
    [{ WEBHOOK_URL: 'https://10.1.2.3/hooks' }, 'WEBHOOK_URL must not lead to a private address'],
    [{ WEBHOOK_URL: 'http://hooks.example/' }, 'WEBHOOK_URL must be https, or lead to this machine'],
    [{ WEBHOOK_SECRET: '' }, 'WEBHOOK_SECRET must be set where WEBHOOK_URL is'],
  ])('does not start with %j', async (environment, line) => {
    await expect(start(newFolder(), environment)).rejects.toThrow(line);
  });
});

describe.runIf(hasRedis)('two gateways on one Redis', () => {
  it('tell of each thing once, whoever saw it, also when one of them is killed', async () => {
    redis = await startRedis();
    const environment = { STORE_URL: redis.url };
    const [one, two] = [await start(newFolder(), environment), await start(newFolder(), environment)];
    const accounts = [];
    for (let i = 0; i < 6; i += 1)
      accounts.push(await newAccount(i % 2 === 0 ? one : two, `account-${i}`, { callsPerMonth: 10 }));
    // Until the month is used up: a busy machine may miss the store for a moment.
    for (const { key } of accounts)
      for (let i = 0; i < 200 && (await call(i % 2 === 0 ? one : two, key)) !== 429; i += 1);
    await until(() => marketplace.taken.length >= 18);
    for (const { id } of accounts)
      expect(typesOf(id)).toEqual(['key.created', 'quota.reached', 'quota.reached']);
    const gone = once(one.process, 'exit');
    one.process.kill('SIGKILL');
    await gone;
    const last = await newAccount(two, 'last');
    await until(() => typesOf(last.id).length === 1, 40_000);
    expect(marketplace.posted).toHaveLength(19);
  });
});
