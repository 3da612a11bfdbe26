import type { Clock } from '../domain/clock.ts';
import type { Breaker } from '../store/breaker.ts';
import { createScript, type RedisClient } from '../store/redis.ts';
import type { RateStore } from './rate-store.ts';
import { createMemoryRateStore } from './rate-store-memory.ts';
import { WINDOW_MS } from './rate-window.ts';

/** Times are the server's, microseconds, so that gateways need not agree on the hour. Both ends of a window count. */
const WINDOW = `
  local time = redis.call('TIME')
  local now = time[1] * 1000000 + time[2]
  redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', '(' .. string.format('%.0f', now - ${WINDOW_MS * 1_000}))`;

const ADMIT = `${WINDOW}
  local limit = tonumber(ARGV[1])
  local count = redis.call('ZCARD', KEYS[1])
  if count < limit then
    redis.call('ZADD', KEYS[1], now, ARGV[2])
    redis.call('PEXPIRE', KEYS[1], ${WINDOW_MS * 2})
    return -1
  end
  local oldest = redis.call('ZRANGE', KEYS[1], count - limit, count - limit, 'WITHSCORES')
  return oldest[2] + ${WINDOW_MS * 1_000} - now`;

const READ = `${WINDOW}
  local newest = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')
  local reset = 0
  if newest[2] then reset = newest[2] + ${WINDOW_MS * 1_000} - now end
  return {redis.call('ZCARD', KEYS[1]), reset}`;

/**
 * The exact second over all gateways of a store. While that is away each gateway counts alone: the rate is then
 * kept by each, no longer by all together. A command that runs after its time-out can only refuse too much.
 */
export function createRedisRateStore(
  client: RedisClient,
  breaker: Breaker,
  clock: Clock,
  gatewayId: string,
): RateStore {
  const admit = createScript<number>(client, 'gatewayAdmit', 1, ADMIT);
  const read = createScript<[number, number]>(client, 'gatewayReadRate', 1, READ);
  const alone = createMemoryRateStore(clock);
  const keyOf = (accountId: string) => `gateway:rate:{${accountId}}`;
  let serial = 0;

  return {
    admit: async (accountId, limit) => {
      serial += 1;
      const member = `${gatewayId}:${serial}`;
      try {
        const waitUs = Number(await breaker.run(() => admit(keyOf(accountId), limit, member)));
        return waitUs < 0 ? { admitted: true } : { admitted: false, waitMs: Math.floor(waitUs / 1_000) + 1 };
      } catch {
        return alone.admit(accountId, limit);
      }
    },
    read: async (accountId, limit) => {
      try {
        const [count, resetUs] = await breaker.run(() => read(keyOf(accountId)));
        return { limit, remaining: Math.max(0, limit - count), resetMs: resetUs / 1_000 };
      } catch {
        return alone.read(accountId, limit);
      }
    },
  };
}
