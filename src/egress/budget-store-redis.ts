import type { Breaker } from '../store/breaker.ts';
import { createScript, type RedisClient } from '../store/redis.ts';
import { BUDGET_WINDOW_MS, type BudgetStore, type ExitSpending } from './budget-store.ts';

/** Scores are the moments on the gateways' own clocks, ms since the epoch; the server's decides what is old. */
const TAKE = `
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  if tonumber(redis.call('GET', KEYS[2]) or '0') > now then return 0 end
  redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - ${BUDGET_WINDOW_MS})
  if redis.call('ZCARD', KEYS[1]) >= tonumber(ARGV[1]) then return 0 end
  redis.call('ZADD', KEYS[1], now, ARGV[2])
  redis.call('PEXPIRE', KEYS[1], ${BUDGET_WINDOW_MS})
  return 1`;

const REST = `
  if tonumber(redis.call('GET', KEYS[1]) or '0') < tonumber(ARGV[1]) then
    redis.call('SET', KEYS[1], ARGV[1], 'PXAT', ARGV[1])
  end
  return 1`;

/** One budget per exit for all gateways of a store. While that is away, each gateway's own count decides. */
export function createRedisBudgetStore(
  client: RedisClient,
  breaker: Breaker,
  gatewayId: string,
): BudgetStore {
  const take = createScript<number>(client, 'gatewayTake', 2, TAKE);
  const rest = createScript<number>(client, 'gatewayRest', 1, REST);
  const callsOf = (exitId: string) => `gateway:exit:{${exitId}}:calls`;
  const restOf = (exitId: string) => `gateway:exit:{${exitId}}:rest`;
  const quietly = async (work: () => Promise<unknown>) => {
    await breaker.run(work).catch(() => {});
  };

  return {
    shared: true,
    load: async (exitIds, sinceMs) => {
      const found = new Map<string, ExitSpending>();
      await quietly(async () => {
        for (const id of exitIds) {
          const rows = await client.zrangebyscore(callsOf(id), `(${sinceMs}`, '+inf', 'WITHSCORES');
          const untilMs = await client.get(restOf(id));
          const times = rows.filter((_, i) => i % 2 === 1).map(Number);
          if (times.length > 0 || untilMs !== null)
            found.set(id, { times, spentUntilMs: untilMs === null ? null : Number(untilMs) });
        }
      });
      return found;
    },
    take: async (exitId, atMs, limit) => {
      const taken = breaker.run(() => take(callsOf(exitId), restOf(exitId), limit, `${gatewayId}:${atMs}`));
      return (await taken.catch(() => 1)) === 1;
    },
    giveBack: (exitId, atMs) => quietly(() => client.zrem(callsOf(exitId), `${gatewayId}:${atMs}`)),
    markSpent: (exitId, untilMs) => quietly(() => rest(restOf(exitId), Math.ceil(untilMs))),
    close: async () => {},
  };
}
