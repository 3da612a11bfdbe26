import type { RedisBackend } from '../store/backend.ts';
import { createScript } from '../store/redis.ts';
import { isGood, type KeyStore } from './key-store.ts';
import { parsedAccount, parsedKey, REGISTRY } from './rows-redis.ts';

const FIND = `
  local key = redis.call('HGET', KEYS[1], ARGV[1])
  if not key then return false end
  return {key, redis.call('HGET', KEYS[2], cjson.decode(key).accountId)}`;

/** Keys in Redis: every question is one script and one round trip. */
export function createRedisKeyStore({ client, run }: RedisBackend): KeyStore {
  const find = createScript<[string, string] | null>(client, 'gatewayFindKey', 2, FIND);
  return {
    find: async (keyHash, nowMs) => {
      const texts = await run(REGISTRY.keys, () => find(REGISTRY.keys, REGISTRY.accounts, keyHash));
      if (texts === null) return null;
      const { id, endsAtMs, revoked } = parsedKey(texts[0]);
      const found = { account: parsedAccount(texts[1]), keyId: id, endsAtMs };
      return !revoked && isGood(found, nowMs) ? found : null;
    },
  };
}
