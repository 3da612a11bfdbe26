import type { Account } from '../domain/account.ts';
import type { RedisClient } from '../store/redis.ts';
import { REGISTRY } from './key-store-redis.ts';
import type { AuditRow, KeyRecord, Records } from './records.ts';

const parsed = <Value>(text: string | null | undefined): Value | null =>
  text == null ? null : (JSON.parse(text) as Value);

/** Accounts and keys in Redis: each change in one MULTI, all of them in one slot; then `changed` is called. */
export function createRedisRecords(client: RedisClient, changed: () => void): Records {
  const all = async <Value>(hash: string) =>
    Object.values(await client.hgetall(hash)).map((text) => JSON.parse(text) as Value);
  return {
    findAccount: async (nameOrId) => {
      const direct = parsed<Account>(await client.hget(REGISTRY.accounts, nameOrId));
      if (direct !== null) return direct;
      const id = await client.hget(REGISTRY.names, nameOrId);
      return id === null ? null : parsed<Account>(await client.hget(REGISTRY.accounts, id));
    },
    findKey: async (id) => {
      const hash = await client.hget(REGISTRY.keyIds, id);
      return hash === null ? null : parsed<KeyRecord>(await client.hget(REGISTRY.keys, hash));
    },
    accounts: async () => (await all<Account>(REGISTRY.accounts)).sort((a, b) => (a.name < b.name ? -1 : 1)),
    keys: async () => (await all<KeyRecord>(REGISTRY.keys)).sort((a, b) => a.createdAtMs - b.createdAtMs),
    audit: async () =>
      (await client.lrange(REGISTRY.audit, 0, -1)).map((text) => JSON.parse(text) as AuditRow),
    write: async ({ accounts, keys, audit }) => {
      const multi = client.multi();
      for (const account of accounts) {
        multi
          .hset(REGISTRY.accounts, account.id, JSON.stringify(account))
          .hset(REGISTRY.names, account.name, account.id);
      }
      for (const key of keys)
        multi.hset(REGISTRY.keys, key.hash, JSON.stringify(key)).hset(REGISTRY.keyIds, key.id, key.hash);
      for (const row of audit) multi.rpush(REGISTRY.audit, JSON.stringify(row));
      const results = await multi.exec();
      const failed = results?.find(([error]) => error !== null);
      if (results === null || failed !== undefined)
        throw failed?.[0] ?? new Error('the change was not written');
      changed();
    },
  };
}
