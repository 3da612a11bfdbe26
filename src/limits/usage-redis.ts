import type { RedisBackend } from '../store/backend.ts';
import type { RedisClient } from '../store/redis.ts';
import { totalsKey, USAGE_INDEX } from './redis-keys.ts';
import type { Usage, UsageRecords } from './usage.ts';

const AT_ONCE = 500;

export function createRedisUsage({ client }: RedisBackend): UsageRecords {
  return {
    list: async () => {
      const names = (await client.smembers(USAGE_INDEX)).map((name) => name.split(' ') as [string, string]);
      const rows: Usage[] = [];
      for (let i = 0; i < names.length; i += AT_ONCE)
        rows.push(
          ...(await Promise.all(names.slice(i, i + AT_ONCE).map((name) => readMonth(client, ...name)))),
        );
      return rows.sort((a, b) => (sortName(a) < sortName(b) ? -1 : 1));
    },
    add: async (rows) => {
      for (const { accountId, period, used } of rows) {
        await client.hincrby(totalsKey(accountId, period), 's:total', used);
        await client.sadd(USAGE_INDEX, `${accountId} ${period}`);
      }
    },
  };
}

const sortName = ({ accountId, period }: Usage) => `${period} ${accountId}`;

/** All fields of `s` less all of `r`. */
async function readMonth(client: RedisClient, accountId: string, period: string): Promise<Usage> {
  const counts = Object.entries(await client.hgetall(totalsKey(accountId, period)));
  const used = counts.reduce(
    (sum, [field, count]) => sum + (field.startsWith('s') ? 1 : -1) * Number(count),
    0,
  );
  return { accountId, period, used };
}
