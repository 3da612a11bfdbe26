import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/domain/clock.ts';
import { createDevelopmentKey } from '../../src/keys/development-key.ts';
import { openStores } from '../../src/open-stores.ts';
import { hasRedis, type RedisServer, startRedis } from '../store/redis-server.ts';

const MANY = 60_000;
const folder = mkdtempSync(join(tmpdir(), 'many-keys-'));
const file = join(folder, 'gateway.db');
const log = { debug() {}, info() {}, warn() {}, error() {} };
const urls = { sqlite: `sqlite:${file}`, redis: '' };
let redis: RedisServer | undefined;

async function run(program: string, STORE_URL: string, ...args: string[]) {
  const options = {
    cwd: folder,
    env: { PATH: process.env.PATH ?? '', STORE_URL },
    maxBuffer: 100_000_000,
  };
  const source = join(import.meta.dirname, '../../src/cli', program);
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [source, ...args], options);
  expect(stderr).toBe('');
  return stdout;
}

/** As many accounts with a key each, and as many audit rows. */
function fill(path: string): void {
  const db = new DatabaseSync(path);
  const count = `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${MANY})`;
  db.exec(`BEGIN;
    ${count} INSERT INTO accounts SELECT 'acct_' || i, 'account ' || i, 'pro', '{}', 0, NULL FROM n;
    ${count} INSERT INTO keys SELECT printf('%064x', i), 'key' || i, 'acct_' || i, 1000 + i / 100, NULL, 0 FROM n;
    ${count} INSERT INTO audit SELECT i, 'create', 'acct_' || i, 'key key' || i FROM n;
    COMMIT`);
  db.close();
}

beforeAll(async () => {
  await (await openStores(urls.sqlite, { role: 'tool', clock: systemClock, log })).close();
  fill(file);
  if (!hasRedis) return;
  redis = await startRedis();
  urls.redis = redis.url;
  const said = await run('store.ts', '', 'copy', '--from', urls.sqlite, '--to', redis.url);
  expect(said).toBe(`Copied ${MANY} accounts, ${MANY} keys, 0 months of usage and ${MANY} audit rows.\n`);
}, 180_000);
afterAll(async () => {
  await redis?.stop();
  rmSync(folder, { recursive: true, force: true });
});

describe.each(['sqlite', 'redis'] as const)(`${MANY} keys on %s`, (kind) => {
  describe.skipIf(kind === 'redis' && !hasRedis)('', () => {
    it('do not hinder a start', async () => {
      const stores = await openStores(urls[kind], { role: 'gateway', clock: systemClock, log });
      expect(await createDevelopmentKey(stores, Date.now())).toBeNull();
      expect((await stores.keys.find('1'.padStart(64, '0'), Date.now()))?.account.name).toBe('account 1');
      await stores.close();
    });

    it('are listed, all of them, the oldest first', async () => {
      const rows = JSON.parse(await run('keys.ts', urls[kind], 'list', '--json')) as {
        id: string;
        created: string;
      }[];
      expect(rows).toHaveLength(MANY);
      expect(new Set(rows.map(({ id }) => id)).size).toBe(MANY);
      expect(rows.every((row, i) => i === 0 || row.created >= (rows[i - 1]?.created ?? ''))).toBe(true);
    }, 120_000);

    it('are shown one by one', async () => {
      const row = JSON.parse(await run('keys.ts', urls[kind], 'show', 'key59999', '--json')) as object;
      expect(row).toMatchObject({ id: 'key59999', account: 'account 59999', state: 'active' });
    }, 60_000);

    it('leave an audit in its order', async () => {
      const lines = (await run('keys.ts', urls[kind], 'audit')).trimEnd().split('\n');
      expect(lines).toHaveLength(MANY + 1);
      expect(lines[1]).toMatch(/acct_1 .*key key1$/);
      expect(lines.at(-1)).toMatch(new RegExp(`acct_${MANY} .*key key${MANY}$`));
    }, 120_000);
  });
});

it('a backup holds them', async () => {
  const copy = join(folder, 'copy.db');
  await run('store.ts', urls.sqlite, 'backup', copy);
  const db = new DatabaseSync(copy);
  expect(db.prepare('SELECT count(*) AS n FROM keys').get()?.n).toBe(MANY);
  db.close();
}, 60_000);
