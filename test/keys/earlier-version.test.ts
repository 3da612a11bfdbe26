import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { Redis } from 'ioredis';
import { afterAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/domain/clock.ts';
import { createKey } from '../../src/keys/key.ts';
import { keysMigrations } from '../../src/keys/migrations-sqlite.ts';
import { openStores } from '../../src/open-stores.ts';
import type { Role } from '../../src/store/backend.ts';
import { hasRedis, type RedisServer, startRedis } from '../store/redis-server.ts';

const folder = mkdtempSync(join(tmpdir(), 'earlier-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const log = { debug() {}, info() {}, warn() {}, error() {} };
const open = (url: string, role: Role) => openStores(url, { role, clock: systemClock, log });

const account = {
  id: 'acct_AAAAAAAAAAAA',
  name: 'acme',
  plan: 'pro',
  overrides: { callsPerSecond: 7 },
  suspended: true,
  expiresAtMs: 4e12,
} as const;
const key = { id: 'AAAAAAAA', hash: 'a'.repeat(64), accountId: account.id, createdAtMs: 5, endsAtMs: 4e12 };
const audit = { atMs: 5, action: 'create', accountId: account.id, detail: 'key AAAAAAAA, plan pro' };

/** As the first version left it. */
function earlierSqlite(): string {
  const path = join(folder, 'gateway.db');
  const db = new DatabaseSync(path);
  const [first] = keysMigrations;
  db.exec(`${first?.sql}
    CREATE TABLE schema_versions (room TEXT PRIMARY KEY, version INTEGER NOT NULL) STRICT;
    INSERT INTO schema_versions VALUES ('keys', 1);
    INSERT INTO accounts VALUES ('${account.id}', 'acme', 'pro', '{"callsPerSecond":7}', 1, 4000000000000);
    INSERT INTO keys VALUES ('${key.hash}', '${key.id}', '${account.id}', 5, 4000000000000);
    INSERT INTO audit VALUES (5, 'create', '${account.id}', '${audit.detail}')`);
  db.close();
  return `sqlite:${path}`;
}

async function earlierRedis({ url }: RedisServer): Promise<string> {
  const client = new Redis(url);
  await client.set('{gateway}:schema', 1);
  await client.hset('{gateway}:accounts', account.id, JSON.stringify(account));
  await client.hset('{gateway}:names', account.name, account.id);
  await client.hset('{gateway}:keys', key.hash, JSON.stringify(key));
  await client.hset('{gateway}:key-ids', key.id, key.hash);
  await client.rpush('{gateway}:audit', JSON.stringify(audit));
  await client.quit();
  return url;
}

describe.each(['sqlite', 'redis'] as const)('a store of the first version on %s', (kind) => {
  describe.skipIf(kind === 'redis' && !hasRedis)('', () => {
    it('is brought forward by `migrate` with its keys and accounts intact, and by no look', async () => {
      const server = kind === 'redis' ? await startRedis() : null;
      const url = server === null ? earlierSqlite() : await earlierRedis(server);
      for (const role of ['look', 'tool'] as const)
        await expect(open(url, role)).rejects.toThrow(/earlier version.*store -- migrate/);
      await (await open(url, 'migrate')).close();

      const { registry, keys, close } = await open(url, 'look');
      expect((await registry.accounts()).values).toEqual([account]);
      expect((await registry.keys()).values).toEqual([{ key, account }]);
      expect((await registry.keys({ account: 'acme' })).values).toEqual([{ key, account }]);
      expect((await registry.audit()).values).toMatchObject([audit]);
      expect(await keys.find(key.hash, 5)).toEqual({ account, keyId: key.id, endsAtMs: 4e12 });
      await close();
      const tool = await open(url, 'tool');
      expect((await tool.registry.change('acme', { suspended: false }, 6)).suspended).toBe(false);
      expect((await tool.registry.revoke(key.id, 7)).key).toMatchObject({ endsAtMs: 7, revoked: true });
      await tool.registry.addKey('acme', createKey('live'), 8);
      expect((await tool.registry.keys()).values).toHaveLength(2);
      await tool.close();
      await server?.stop();
    });
  });
});
