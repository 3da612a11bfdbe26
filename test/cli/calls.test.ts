import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { openCallStore } from '../../src/calls/open-call-store.ts';
import { storyOf } from '../../src/calls/story.ts';
import { openBackend } from '../../src/store/open-backend.ts';
import { callEnded, silentLog } from '../admin/fakes.ts';
import { createStandIn, type StandIn } from '../bitbucket/stand-in.ts';
import { createTestClock } from '../gateway.ts';

vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const run = promisify(execFile);
const root = join(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'calls-'));
const STORE_URL = `sqlite:${join(folder, 'gateway.db')}`;
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function command(program: string, args: readonly string[], environment: Record<string, string> = {}) {
  const env = { PATH: process.env.PATH, STORE_URL, ...environment };
  return run(process.execPath, [`src/cli/${program}.ts`, ...args], { cwd: root, env }).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error: { code: number; stdout: string; stderr: string }) => error,
  );
}

describe('npm run calls', () => {
  const call = callEnded({ receivedAtMs: Date.now() });
  beforeAll(async () => {
    const backend = await openBackend(STORE_URL, { role: 'tool', clock: createTestClock(), log: silentLog });
    const { requestId, receivedAtMs } = call;
    await openCallStore(backend, 7).add([{ requestId, receivedAtMs, text: JSON.stringify(storyOf(call)) }]);
    await backend.close();
  });

  it('shows what became of a call, for people and for programs', async () => {
    const { code, stdout } = await command('calls', ['show', call.requestId.toUpperCase()]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^subject +atlassian\/atlassian-event$/m);
    expect(stdout).toMatch(/^p1\/s-aaaaaaaa +answered +200 /m);
    const json = await command('calls', ['show', call.requestId, '--json']);
    expect(JSON.parse(json.stdout)).toEqual(storyOf(call));
  });

  it('says in one line what it does not know', async () => {
    const unknown = await command('calls', ['show', call.requestId.replace('1', '2')]);
    expect([unknown.code, unknown.stdout]).toEqual([1, '']);
    expect(unknown.stderr).toMatch(/^nothing is known of the call .*\n$/);
    expect((await command('calls', ['list'])).code).toBe(2);
  });
});

describe('npm run doctor', () => {
  let standIn: StandIn;
  beforeAll(async () => {
    standIn = await createStandIn();
  });
  afterAll(() => standIn.close());

  it('finds nothing wrong where nothing is', async () => {
    const authority = join(folder, 'ca.pem');
    writeFileSync(authority, standIn.certificate.cert);
    const environment = { UPSTREAM_URL: standIn.url, NODE_EXTRA_CA_CERTS: authority };
    const { code, stdout } = await command('doctor', [], environment);
    expect([code, stdout]).toEqual([0, stdout]);
    for (const check of ['settings', 'store', 'upstream'])
      expect(stdout).toMatch(new RegExp(`^${check} +ok `, 'm'));
    expect(stdout).toMatch(/^exits +note .*PROXY_URLS/m);
  });

  it('names each thing that is wrong, and never a secret', async () => {
    const { code, stdout, stderr } = await command('doctor', [], {
      UPSTREAM_URL: standIn.url,
      PROXY_URLS: 'http://user:canary@gate.example:70000',
      STORE_URL: 'redis://:canary@127.0.0.1:1',
    });
    expect(code).toBe(1);
    for (const check of ['store', 'exits', 'upstream'])
      expect(stdout).toMatch(new RegExp(`^${check} +WRONG `, 'm'));
    expect(stdout + stderr).not.toContain('canary');
    const settings = await command('doctor', [], { PORT: 'x' });
    expect([settings.code, settings.stderr]).toEqual([1, 'PORT must be a whole number\n']);
  });
});
