import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { openStores } from '../../src/open-stores.ts';
import { createCertificate } from '../bitbucket/certificate.ts';
import { createTestClock } from '../gateway.ts';
import { accountWith, calls } from '../limits/spend.ts';
import { hasRedis, startRedis } from '../store/redis-server.ts';

/** Programs are started, on a machine that may be busy. */
vi.setConfig({ testTimeout: 120_000 });

const folder = mkdtempSync(join(tmpdir(), 'store-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const log = { debug() {}, info() {}, warn() {}, error() {} };

const store = (env: Record<string, string>, ...args: string[]) => run('store.ts', env, ...args);

async function run(program: string, env: Record<string, string>, ...args: string[]) {
  const options = { cwd: join(import.meta.dirname, '../..'), env: { ...process.env, ...env } };
  return promisify(execFile)(process.execPath, [`src/cli/${program}`, ...args], options).then(
    ({ stdout }) => ({ code: 0, text: stdout }),
    ({ code, stderr }: { code: number; stderr: string }) => ({ code, text: stderr }),
  );
}

it('backup copies the store of a running gateway, with what it has spent', async () => {
  const clock = createTestClock();
  const STORE_URL = `sqlite:${join(folder, 'gateway.db')}`;
  const running = await openStores(STORE_URL, { role: 'gateway', clock, log });
  await calls([running.meter], accountWith(258_000, 20, 'acme'), 3);
  const file = join(folder, 'backup.db');
  expect(await store({ STORE_URL }, 'backup', file)).toMatchObject({ code: 0 });
  expect(await store({ STORE_URL }, 'backup', file)).toEqual({ code: 1, text: 'the file exists already\n' });
  await running.close();

  const copy = await openStores(`sqlite:${file}`, { role: 'tool', clock, log });
  const [usage] = await copy.usage.list();
  await copy.close();
  expect(usage?.accountId).toBe('acme');
});

describe.skipIf(!hasRedis)('rediss://', () => {
  it('is taken with a certificate that is trusted, user and password, and refused otherwise', async () => {
    const certificate = createCertificate();
    const cert = join(folder, 'cert.pem');
    const key = join(folder, 'key.pem');
    writeFileSync(cert, certificate.cert);
    writeFileSync(key, certificate.key);
    const tls = ['--tls-cert-file', cert, '--tls-key-file', key, '--tls-ca-cert-file', cert];
    const server = await startRedis((port) => [
      ...[
        '--appendonly',
        'yes',
        '--port',
        '0',
        '--tls-port',
        String(port),
        ...tls,
        '--tls-auth-clients',
        'no',
      ],
      ...[
        '--user',
        'gateway',
        'on',
        '>p@ss:w/rd',
        'allkeys',
        'allchannels',
        '+@all',
        '--user',
        'default',
        'off',
      ],
    ]);
    const { port } = new URL(server.url);
    const url = (password: string) => `rediss://gateway:${encodeURIComponent(password)}@localhost:${port}/3`;
    const trusting = { NODE_EXTRA_CA_CERTS: cert };
    expect(await store({ ...trusting, STORE_URL: url('p@ss:w/rd') }, 'check')).toMatchObject({ code: 0 });
    const wrong = await store({ ...trusting, STORE_URL: url('S3cret') }, 'check');
    const untrusted = await store({ STORE_URL: url('p@ss:w/rd') }, 'check');
    await server.stop();
    for (const { code, text } of [wrong, untrusted]) {
      expect(code).toBe(1);
      expect(text).toMatch(/^the Redis store cannot be reached \(\w+\)\n$/);
    }
  });
});
