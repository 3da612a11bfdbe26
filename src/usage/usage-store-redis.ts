import type { UsageRow } from '../domain/usage.ts';
import { monthOf } from '../domain/usage-summary.ts';
import type { RedisBackend } from '../store/backend.ts';
import { createScript } from '../store/redis.ts';
import { byDayEndpointCode, KEPT_MONTHS, type UsageBatch, type UsageStore } from './usage-store.ts';

/** Longer than a month is asked for. */
const KEPT_S = (KEPT_MONTHS + 1) * 31 * 86_400;
const COUNTS = ['calls', 'charged', 'bytesOut', 'bytesExit'] as const;

/**
 * A batch beside the number of this gateway's last one: told again it changes nothing. ARGV: gateway, number, seconds
 * to keep, then field and amount in turn.
 */
const ADD = `
  local told = 'told ' .. ARGV[1]
  if tonumber(redis.call('HGET', KEYS[1], told) or '0') >= tonumber(ARGV[2]) then return 0 end
  redis.call('HSET', KEYS[1], told, ARGV[2])
  for i = 4, #ARGV, 2 do redis.call('HINCRBY', KEYS[1], ARGV[i], ARGV[i + 1]) end
  redis.call('EXPIRE', KEYS[1], ARGV[3])
  return 1`;

const keyOf = (account: string, month: string) => `{${account}}:usage-of:${month}`;

/** What was used, in Redis: a hash for each account and month, in the slot of the account. */
export function createRedisUsageStore({ client, clock, gatewayId, run }: RedisBackend): UsageStore {
  const add = createScript<number>(client, 'gatewayAddUsage', 1, ADD);
  return {
    add: async ({ account, month, number, rows }: UsageBatch) => {
      const key = keyOf(account, month);
      const amounts = rows.flatMap(fieldsOf);
      await run(key, () => add(key, gatewayId, number, KEPT_S, ...amounts));
    },
    read: async (account, month) => {
      if (month < monthOf(clock.now(), KEPT_MONTHS - 1)) return [];
      const key = keyOf(account, month);
      return rowsOf(await run(key, () => client.hgetall(key)));
    },
  };
}

const fieldsOf = (row: UsageRow): (string | number)[] =>
  COUNTS.flatMap((count) =>
    row[count] === 0 ? [] : [`${row.day} ${row.endpoint} ${row.code} ${count}`, row[count]],
  );

function rowsOf(hash: Readonly<Record<string, string>>): UsageRow[] {
  const rows = new Map<string, UsageRow>();
  for (const [field, amount] of Object.entries(hash)) {
    const [day = '', endpoint = '', code = '', count = ''] = field.split(' ');
    if (day === 'told') continue;
    const name = `${day} ${endpoint} ${code}`;
    const row = rows.get(name) ?? { day, endpoint, code, calls: 0, charged: 0, bytesOut: 0, bytesExit: 0 };
    rows.set(name, { ...row, [count]: Number(amount) });
  }
  return [...rows.values()].sort(byDayEndpointCode);
}
