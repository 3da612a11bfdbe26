import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { keysMigrations } from '../../src/keys/migrations-sqlite.ts';
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

/** A folder of its own for a store. */
function place() {
  const own = mkdtempSync(join(folder, 'place-'));
  const path = join(own, 'data', 'gateway.db');
  return { own, path, STORE_URL: `sqlite:${path}` };
}

const LOOKS: readonly (readonly [program: string, ...args: string[]])[] = [
  ['store.ts', 'check'],
  ['keys.ts', 'list'],
  ['keys.ts', 'audit'],
  ['keys.ts', 'usage'],
  ['keys.ts', 'show', 'id'],
];

describe('a look', () => {
  it.each(LOOKS)('%s %s makes no store where there is none', async (program, ...args) => {
    const { own, STORE_URL } = place();
    const { code, text } = await run(program, { STORE_URL }, ...args);
    expect([code, text]).toEqual([1, 'there is no SQLite store at STORE_URL yet\n']);
    expect(readdirSync(own)).toEqual([]);
  });

  it.each(LOOKS)(
    '%s %s leaves a store of an earlier version as it is, and names it',
    async (program, ...args) => {
      const { path, own, STORE_URL } = place();
      mkdirSync(join(own, 'data'));
      const db = new DatabaseSync(path);
      db.exec(`PRAGMA journal_mode = WAL; ${keysMigrations[0]?.sql};
      CREATE TABLE schema_versions (room TEXT PRIMARY KEY, version INTEGER NOT NULL) STRICT;
      INSERT INTO schema_versions VALUES ('keys', 1)`);
      db.close();
      const before = readFileSync(path);
      const { code, text } = await run(program, { STORE_URL }, ...args);
      expect(code).toBe(1);
      expect(text).toMatch(/^the store is of an earlier version.*npm run store -- migrate.*\n$/);
      expect(readFileSync(path).equals(before)).toBe(true);
      if (program === 'keys.ts') return;
      expect(await store({ STORE_URL }, 'migrate')).toMatchObject({ code: 0 });
      expect(await store({ STORE_URL }, 'check')).toEqual({ code: 0, text: 'The store can be used.\n' });
    },
  );

  it('leaves nothing behind beside a store', async () => {
    const { own, STORE_URL } = place();
    expect(await run('keys.ts', { STORE_URL }, 'create', '--plan', 'pro', '--name', 'acme')).toMatchObject({
      code: 0,
    });
    const before = readdirSync(join(own, 'data'));
    for (const [program, ...args] of LOOKS.slice(0, 4)) await run(program, { STORE_URL }, ...args);
    expect(readdirSync(join(own, 'data'))).toEqual(before);
  });
});

it('check tries a write: a store that cannot be written is told in one line', async () => {
  const { path, STORE_URL } = place();
  await run('keys.ts', { STORE_URL }, 'create', '--plan', 'pro', '--name', 'acme');
  const writer = new DatabaseSync(path);
  writer.exec('BEGIN IMMEDIATE');
  const { code, text } = await store({ STORE_URL }, 'check');
  writer.exec('ROLLBACK');
  expect(code).toBe(1);
  expect(text).toMatch(/^.*\(database is locked\)\n$/);
  expect(await store({ STORE_URL }, 'check')).toMatchObject({ code: 0 });
  writer.close();
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
