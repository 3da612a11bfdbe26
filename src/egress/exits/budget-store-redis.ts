import type { RedisBackend } from '../../store/backend.ts';
import { createScript } from '../../store/redis.ts';
import {
  type BudgetStore,
  LEASE_MS,
  type LeaseEnded,
  type LeaseWanted,
  type Spending,
} from './budget-store.ts';
import { BUDGET_WINDOW_MS } from './rolling.ts';

/**
 * KEYS: `calls` (leases by the moment they are counted from), `rest` (until when a 429 spends the exit), `counts`
 * (calls of each lease that has not exactly one; `total`). A lease without a count is one call: earlier versions
 * kept each call so. The server's clock decides, so that gateways need not agree on the time; one that was set back
 * makes no wait longer than an hour.
 */
const BOOK = `
  local time = redis.call('TIME')
  local now = time[1] * 1000 + math.floor(time[2] / 1000)
  local total = tonumber(redis.call('HGET', KEYS[3], 'total')) or redis.call('ZCARD', KEYS[1])
  local function countOf(lease) return tonumber(redis.call('HGET', KEYS[3], lease)) or 1 end
  local function growsBehind(oldest)
    return oldest[2] and math.min(${BUDGET_WINDOW_MS + LEASE_MS}, tonumber(oldest[2]) + ${BUDGET_WINDOW_MS} - now) or 0
  end
  local rest = math.max(0, math.min(${BUDGET_WINDOW_MS}, (tonumber(redis.call('GET', KEYS[2])) or 0) - now))`;

/** ARGV: the new lease, limit, calls wanted (0: none), then id, used and age of each lease that is over. */
const LEASE = `${BOOK}
  for i = 4, #ARGV, 3 do
    if redis.call('ZSCORE', KEYS[1], ARGV[i]) then
      local used = math.min(tonumber(ARGV[i + 1]), countOf(ARGV[i]))
      total = total - countOf(ARGV[i]) + used
      if used == 0 then
        redis.call('ZREM', KEYS[1], ARGV[i])
        redis.call('HDEL', KEYS[3], ARGV[i])
      else
        redis.call('ZADD', KEYS[1], now - tonumber(ARGV[i + 2]), ARGV[i])
        redis.call('HSET', KEYS[3], ARGV[i], used)
      end
    end
  end
  for _, lease in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now - ${BUDGET_WINDOW_MS})) do
    total = total - countOf(lease)
    redis.call('HDEL', KEYS[3], lease)
  end
  redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - ${BUDGET_WINDOW_MS})
  local left = math.max(0, tonumber(ARGV[2]) - total)
  local granted = math.min(tonumber(ARGV[3]), left, math.max(1, math.floor(left / 4)))
  local function growsIn() return growsBehind(redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')) end
  local grows = growsIn()
  if rest > 0 then granted = 0; grows = math.max(rest, left > 0 and 0 or grows) end
  if granted > 0 then
    redis.call('ZADD', KEYS[1], now + ${LEASE_MS}, ARGV[1])
    redis.call('HSET', KEYS[3], ARGV[1], granted)
    total = total + granted
    if grows == 0 then grows = growsIn() end
  end
  redis.call('HSET', KEYS[3], 'total', total)
  redis.call('PEXPIRE', KEYS[1], ${BUDGET_WINDOW_MS + LEASE_MS})
  redis.call('PEXPIRE', KEYS[3], ${BUDGET_WINDOW_MS + LEASE_MS})
  return {granted, left - granted, grows}`;

/** Counts what is counted without changing anything. */
const LOOK = `${BOOK}
  for _, lease in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now - ${BUDGET_WINDOW_MS})) do
    total = total - countOf(lease)
  end
  local first = redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. (now - ${BUDGET_WINDOW_MS}), '+inf', 'WITHSCORES', 'LIMIT', 0, 1)
  return {total, growsBehind(first), rest}`;

const REST = `
  local time = redis.call('TIME')
  local latest = time[1] * 1000 + math.floor(time[2] / 1000) + tonumber(ARGV[1])
  if tonumber(redis.call('GET', KEYS[1]) or '0') < latest then
    redis.call('SET', KEYS[1], latest, 'PXAT', latest)
  end
  return 1`;

/** Exits that travel to the server together, within one time limit. */
const CHUNK = 100;

/** One budget an exit for all gateways of a Redis or Valkey store. */
export function createRedisBudgetStore(backend: RedisBackend): BudgetStore {
  const { client } = backend;
  const lease = createScript<number[]>(client, 'gatewayLease', 3, LEASE);
  const look = createScript<number[]>(client, 'gatewayLook', 3, LOOK);
  const rest = createScript<number>(client, 'gatewayRest', 1, REST);
  const step = (wanted: LeaseWanted, ended: readonly LeaseEnded[]) =>
    lease(...keysOf(wanted.exitId), wanted.leaseId, wanted.limit, wanted.calls, ...ended.flatMap(wordsOf));

  return {
    load: async (exitIds) => {
      const found = new Map<string, Spending>();
      for (const ids of chunksOf(exitIds)) {
        const ask = () => Promise.all(ids.map((id) => look(...keysOf(id))));
        const answers = await backend
          .run(keyOf(ids[0] ?? ''), ask)
          .catch(() => backend.run(keyOf(ids[0] ?? ''), ask));
        for (const [i, [calls = 0, growsInMs = 0, restMs = 0]] of answers.entries())
          found.set(ids[i] ?? '', { calls, growsInMs, restMs });
      }
      return found;
    },
    lease: async (wanted, ended) => {
      const [calls = 0, left = 0, growsInMs = 0] = await backend.run(keyOf(wanted.exitId), () =>
        step(wanted, ended),
      );
      return { calls, left, growsInMs };
    },
    end: async (ended) => {
      const byExit = [...Map.groupBy(ended, ({ exitId }) => exitId)];
      for (const group of chunksOf(byExit)) {
        await backend.run(keyOf(group[0]?.[0] ?? ''), () =>
          Promise.all(
            group.map(([exitId, leases]) => step({ exitId, leaseId: '', limit: 0, calls: 0 }, leases)),
          ),
        );
      }
    },
    markSpent: async (exitId, forMs) => {
      await backend.run(keyOf(exitId), () => rest(restKeyOf(exitId), Math.ceil(forMs)));
    },
  };
}

const keyOf = (exitId: string) => `gateway:exit:{${exitId}}:calls`;
const restKeyOf = (exitId: string) => `gateway:exit:{${exitId}}:rest`;
const keysOf = (exitId: string): [string, string, string] => [
  keyOf(exitId),
  restKeyOf(exitId),
  `gateway:exit:{${exitId}}:counts`,
];

const wordsOf = ({ leaseId, used, agoMs }: LeaseEnded) => [leaseId, used, Math.floor(agoMs)];

function chunksOf<Thing>(things: readonly Thing[]): Thing[][] {
  const chunks: Thing[][] = [];
  for (let i = 0; i < things.length; i += CHUNK) chunks.push(things.slice(i, i + CHUNK));
  return chunks;
}
