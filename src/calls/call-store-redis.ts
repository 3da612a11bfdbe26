import type { RedisBackend } from '../store/backend.ts';
import { createScript } from '../store/redis.ts';
import { type CallStore, type CallStoreOptions, DAY_MS } from './call-store.ts';

/** The ring is made of so many hashes; the oldest is thrown away whole when a new one begins. */
const HASHES = 100;
const HEAD = '{calls}:head';

/** ARGV: calls in a hash, hashes kept, seconds to keep, then request id and story in turn. */
const ADD = `
  local size, hashes = tonumber(ARGV[1]), tonumber(ARGV[2])
  for i = 4, #ARGV, 2 do
    local number = redis.call('INCR', KEYS[1]) - 1
    local hash = math.floor(number / size)
    local key = '{calls}:' .. string.format('%d', hash)
    redis.call('HSET', key, ARGV[i], ARGV[i + 1])
    if number % size == 0 then
      redis.call('EXPIRE', key, ARGV[3])
      redis.call('DEL', '{calls}:' .. string.format('%d', hash - hashes))
    end
  end
  return redis.call('GET', KEYS[1])`;

/** From the newest hash to the oldest. ARGV: calls in a hash, hashes kept, request id. */
const FIND = `
  local head = tonumber(redis.call('GET', KEYS[1]) or '0')
  if head == 0 then return false end
  local newest = math.floor((head - 1) / tonumber(ARGV[1]))
  for hash = newest, math.max(0, newest - tonumber(ARGV[2]) + 1), -1 do
    local story = redis.call('HGET', '{calls}:' .. string.format('%d', hash), ARGV[3])
    if story then return story end
  end
  return false`;

/** So many go in one step, so that nobody else waits long for the server. */
const STEP = 500;

/** The ring of calls in Redis, all of it in one slot. */
export function createRedisCallStore(backend: RedisBackend, options: CallStoreOptions): CallStore {
  const { client, clock, run } = backend;
  const { keptDays, maxCalls } = options;
  const size = Math.max(1, Math.ceil(maxCalls / HASHES));
  // A hash takes calls for a while before the next begins; what is older than asked is sorted out when it is read.
  const keptS = Math.ceil((keptDays * DAY_MS * 2) / 1_000);
  const add = createScript<string>(client, 'gatewayAddCalls', 1, ADD);
  const find = createScript<string | null>(client, 'gatewayFindCall', 1, FIND);
  return {
    add: async (calls) => {
      for (let at = 0; at < calls.length; at += STEP) {
        const words = calls.slice(at, at + STEP).flatMap(({ requestId, text }) => [requestId, text]);
        await run(HEAD, () => add(HEAD, size, HASHES, keptS, ...words));
      }
    },
    find: async (requestId) => {
      const text = await run(HEAD, () => find(HEAD, size, HASHES, requestId));
      return text === null || isOlderThan(text, clock.now() - keptDays * DAY_MS) ? null : text;
    },
  };
}

const isOlderThan = (text: string, atMs: number) =>
  Date.parse((JSON.parse(text) as { receivedAt: string }).receivedAt) <= atMs;
