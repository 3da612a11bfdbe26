import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { main } from '../../src/cli/keys.ts';
import { createStandIn, type StandIn } from '../bitbucket/stand-in.ts';

/** Programs are started, on a machine that may be busy. */
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const run = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), 'keys-'));
const STORE_URL = `sqlite:${join(folder, 'gateway.db')}`;
const root = join(import.meta.dirname, '../..');

async function keys(...args: string[]) {
  const options = { cwd: root, env: { ...process.env, STORE_URL } };
  return run(process.execPath, ['src/cli/keys.ts', ...args], options).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error: { code: number; stdout: string; stderr: string }) => error,
  );
}

let standIn: StandIn;
let port = 0;
let gateway: ReturnType<typeof spawn>;
let output = '';

/** The real program, as `npm start` runs it. */
function startGateway(env: Record<string, string> = {}) {
  return spawn(process.execPath, ['src/main.ts'], {
    cwd: root,
    env: {
      ...process.env,
      STORE_URL,
      PORT: '0',
      ADMIN_PORT: '0',
      HOST: '127.0.0.1',
      UPSTREAM_URL: standIn.url,
      NODE_EXTRA_CA_CERTS: join(folder, 'ca.pem'),
      PROXY_URLS: '',
      ...env,
    },
  });
}

beforeAll(async () => {
  standIn = await createStandIn();
  writeFileSync(join(folder, 'ca.pem'), standIn.certificate.cert);
  gateway = startGateway();
  gateway.stderr?.on('data', (chunk) => {
    output += chunk;
  });
  port = await new Promise((resolve) => {
    gateway.stdout?.on('data', (chunk) => {
      output += chunk;
      const found = /"url":"http:\/\/localhost:(\d+)"/.exec(output)?.[1];
      if (found !== undefined) resolve(Number(found));
    });
  });
});

afterAll(async () => {
  gateway.kill('SIGTERM');
  await standIn.close();
  rmSync(folder, { recursive: true, force: true });
});

const status = async (key: string) => {
  const response = await fetch(`http://127.0.0.1:${port}/bitbucket-api/v1/meta`, {
    headers: { 'x-oanor-key': key },
  });
  await response.arrayBuffer();
  return response.status;
};

describe('a running gateway and the keys command beside it', () => {
  it('the first start makes one development key, shown outside the log', async () => {
    const key = /oanor_test_\w+/.exec(output)?.[0] ?? '';
    expect(await status(key)).toBe(200);
    expect(output.split(key)).toHaveLength(2);
  });

  it('create prints one JSON document, and the key works on the next call', async () => {
    const { stdout } = await keys('create', '--plan', 'pro', '--name', 'acme', '--json');
    const made = JSON.parse(stdout) as { key: string; id: string; account: string; plan: string };
    expect(made).toMatchObject({ account: 'acme', plan: 'pro' });
    expect(made.key).toMatch(/^oanor_live_/);
    expect(await status(made.key)).toBe(200);

    const listed = await keys('list', '--json');
    expect(JSON.parse(listed.stdout)).toContainEqual(
      expect.objectContaining({ id: made.id, state: 'active' }),
    );
    expect(listed.stdout).not.toContain(made.key);

    const rotated = JSON.parse((await keys('rotate', made.id, '--overlap', '24h', '--json')).stdout) as {
      key: string;
    };
    expect([await status(made.key), await status(rotated.key)]).toEqual([200, 200]);
    await keys('suspend', 'acme');
    await expect.poll(() => status(rotated.key), { timeout: 1_000, interval: 50 }).toBe(402);
    await keys('resume', 'acme');
    await keys('revoke', made.id);
    await expect.poll(() => status(made.key), { timeout: 1_000, interval: 50 }).toBe(401);
    const audit = JSON.parse((await keys('audit', '--json')).stdout) as { action: string }[];
    expect(audit.map(({ action }) => action).slice(-5)).toEqual([
      'create',
      'rotate',
      'suspend',
      'resume',
      'revoke',
    ]);
  });

  it.each([
    [['create', '--plan', 'gold', '--name', 'x'], 2, '--plan is one of'],
    [['create', '--plan', 'free'], 2, 'needs --plan and --name'],
    [['create', '--plan', 'free', '--name', 'x', '--calls-per-second', '0'], 2, 'whole number'],
    [['create', '--plan', 'free', '--name', 'acme'], 1, 'set-plan'],
    [['revoke', 'nobody'], 1, 'no key has the ID'],
    [['suspend', 'nobody'], 1, 'no account'],
    [['nonsense'], 2, 'there is no command nonsense'],
    [[], 2, 'a command is needed'],
    [['list', '--nonsense'], 2, '--nonsense'],
    [['list', 'more'], 2, 'list takes nothing'],
    [['show'], 2, 'show takes the ID of a key'],
    [['set-plan', 'acme'], 2, 'set-plan takes an account and a plan'],
    [['create', '--plan', 'free', '--name', 'x', '--calls-per-second', '1000001'], 2, '1 to 1000000'],
    [['create', '--plan', 'free', '--name', 'x', '--expires', '2027-02-30'], 2, '--expires is a date'],
    [['rotate', 'x', '--overlap', '1w'], 2, '--overlap is a duration'],
  ])('%j ends with %i', async (args, code, words) => {
    vi.stubEnv('STORE_URL', STORE_URL);
    const said = vi.spyOn(console, 'log').mockImplementation(() => {});
    const told = vi.spyOn(console, 'error').mockImplementation(() => {});
    expect(await main(args)).toBe(code);
    expect(said.mock.calls).toEqual([]);
    const [[line] = []] = told.mock.calls;
    expect(told.mock.calls).toHaveLength(1);
    expect(line).toContain(words);
    expect(String(line).split('\n')).toHaveLength(1);
    vi.restoreAllMocks();
    vi.unstubAllEnvs();
  });

  it('a second gateway on the same file is refused, and one waits for a predecessor that drains', async () => {
    const second = startGateway();
    let told = '';
    second.stderr?.on('data', (chunk) => {
      told += chunk;
    });
    const ended = new Promise((resolve) => second.once('exit', resolve));
    expect(await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 1_500, 'waiting'))])).toBe(
      'waiting',
    );
    second.kill('SIGKILL');
    await ended;
    expect(told).toBe('');
  });

  it('a store that a newer program wrote is refused', async () => {
    const { DatabaseSync } = await import('node:sqlite');
    const path = join(folder, 'newer.db');
    const db = new DatabaseSync(path);
    db.exec(
      "CREATE TABLE schema_versions (room TEXT PRIMARY KEY, version INTEGER NOT NULL) STRICT; INSERT INTO schema_versions VALUES ('keys', 99)",
    );
    db.close();
    const result = await run(process.execPath, ['src/cli/keys.ts', 'list'], {
      cwd: root,
      env: { ...process.env, STORE_URL: `sqlite:${path}` },
    }).catch((error: { code: number; stderr: string }) => error);
    expect(result).toMatchObject({ code: 1 });
    expect(result.stderr).toContain('newer version');
  });
});

it.each([
  [{ PORT: 'x' }, 'PORT'],
  [{ UPSTREAM_URL: 'http://api.bitbucket.org/2.0' }, 'UPSTREAM_URL'],
  [{ UPSTREAM_URL: 'https://user:canary@api.bitbucket.org/2.0' }, 'UPSTREAM_URL'],
  [{ PROXY_URLS: 'http://a:canary@x:1 http://user:canary@:0' }, 'entry 2'],
  [{ ADMIN_TOKEN: 'canary' }, 'ADMIN_TOKEN'],
  [{ STORE_URL: 'mysql://u:canary@h/d' }, 'STORE_URL'],
  [{ EXIT_HOURLY_BUDGET: '0' }, 'EXIT_HOURLY_BUDGET'],
])('the start ends with one line for %j', async (env, words) => {
  const process = startGateway({ STORE_URL: `sqlite:${join(folder, 'other.db')}`, ...env } as Record<
    string,
    string
  >);
  let told = '';
  process.stderr?.on('data', (chunk) => {
    told += chunk;
  });
  process.stdout?.on('data', (chunk) => {
    told += chunk;
  });
  const code = await new Promise((resolve) => process.once('exit', resolve));
  expect(code).toBe(1);
  expect(told).toContain(words);
  expect(told).not.toContain('canary');
  expect(told.trim().split('\n').length).toBeLessThanOrEqual(1);
});
