import { randomUUID } from 'node:crypto';
import type { RedisBackend } from '../store/backend.ts';
import { createScript } from '../store/redis.ts';
import {
  HELD_MS,
  type HeldEvent,
  KNOWN_FOR_MS,
  OUTBOX_ROOM,
  type Outbox,
  type OutboxEvent,
} from './outbox.ts';
import { LONGEST_WAIT_MS } from './retry.ts';

/** In the slot of the registry: a failover forgets the audit and how far it was followed together, or neither. */
const AT = '{gateway}:webhooks';
/** Sorted set: account → when its first event is due, by the server's clock. */
const DUE = `${AT}:due`;
/** Hash: account → what was tried for its first event, and who holds it. */
const LINES = `${AT}:lines`;
/** Sorted set: id → when it was made. */
const AGES = `${AT}:ages`;
/** How far the audit was followed. */
const FOLLOWED = `${AT}:followed`;
const KEYS = [DUE, LINES, AGES, FOLLOWED] as const;

const COMMON = `
  local due, lines, ages, followed = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
  local call = redis.call
  local time = call('TIME')
  local nowMs = time[1] * 1000 + math.floor(time[2] / 1000)
  local function listOf(account) return '${AT}:of:' .. account end
  local function isHeldBy(account, lease)
    local line = call('HGET', lines, account)
    return line and cjson.decode(line).lease == lease
  end`;

/** ARGV: followed was (or empty), is (or empty), room, ms that an id is known, then id, account, age and text in turn. */
const ADD = `${COMMON}
  if ARGV[2] ~= '' and (call('GET', followed) or 'never') ~= ARGV[1] then return 'overtaken' end
  local count = (#ARGV - 4) / 4
  if count > 0 and call('ZCARD', ages) + count > tonumber(ARGV[3]) then return 'full' end
  for i = 5, #ARGV, 4 do
    local id, account = ARGV[i], ARGV[i + 1]
    if call('SET', '${AT}:known:' .. id, 1, 'NX', 'PX', ARGV[4]) then
      call('ZADD', ages, ARGV[i + 2], id)
      if call('RPUSH', listOf(account), ARGV[i + 3]) == 1 then call('ZADD', due, nowMs, account) end
    end
  end
  if ARGV[2] ~= '' then call('SET', followed, ARGV[2]) end
  return 'added'`;

/** What lies further ahead than anything is put was written before the clock was set back. ARGV: limit, lease, ms held. */
const HOLD = `${COMMON}
  local limit = tonumber(ARGV[1])
  local accounts = call('ZRANGEBYSCORE', due, '-inf', nowMs, 'LIMIT', 0, limit)
  local ahead = call('ZRANGEBYSCORE', due, '(' .. string.format('%d', nowMs + ${LONGEST_WAIT_MS}), '+inf', 'LIMIT', 0, limit - #accounts)
  for _, account in ipairs(ahead) do accounts[#accounts + 1] = account end
  local held = {}
  for _, account in ipairs(accounts) do
    local line = cjson.decode(call('HGET', lines, account) or '{"failures":0,"waitedMs":0}')
    line.lease = ARGV[2]
    call('HSET', lines, account, cjson.encode(line))
    call('ZADD', due, nowMs + tonumber(ARGV[3]), account)
    held[#held + 1] = call('LINDEX', listOf(account), 0)
    held[#held + 1] = cjson.encode(line)
  end
  return held`;

/** ARGV: account, lease, id. */
const REMOVE = `${COMMON}
  local account = ARGV[1]
  if not isHeldBy(account, ARGV[2]) then return 0 end
  call('LPOP', listOf(account))
  call('ZREM', ages, ARGV[3])
  call('HDEL', lines, account)
  if call('EXISTS', listOf(account)) == 1 then call('ZADD', due, nowMs, account)
  else call('ZREM', due, account) end
  return 1`;

/** ARGV: account, lease, ms to wait, what was tried. */
const PUT_BACK = `${COMMON}
  if not isHeldBy(ARGV[1], ARGV[2]) then return 0 end
  call('HSET', lines, ARGV[1], ARGV[4])
  call('ZADD', due, nowMs + tonumber(ARGV[3]), ARGV[1])
  return 1`;

const BACKLOG = `${COMMON}
  return {call('ZCARD', ages), call('ZRANGE', ages, 0, 0, 'WITHSCORES')[2] or ''}`;

/** The outbox in Redis, all of it in one slot; each step is one script, by the server's clock. */
export function createRedisOutbox({ client, run }: RedisBackend): Outbox {
  const script = <Result>(name: string, lua: string) => {
    const send = createScript<Result>(client, name, KEYS.length, lua);
    return (...args: (string | number)[]) => run(DUE, () => send(...KEYS, ...args));
  };
  const add = script<'added' | 'full' | 'overtaken'>('gatewayAddWebhooks', ADD);
  const hold = script<string[]>('gatewayHoldWebhooks', HOLD);
  const remove = script<number>('gatewayRemoveWebhook', REMOVE);
  const putBack = script<number>('gatewayPutBackWebhook', PUT_BACK);
  const backlog = script<[number, string]>('gatewayWebhookBacklog', BACKLOG);
  return {
    followedTo: async () => {
      const number = await run(FOLLOWED, () => client.get(FOLLOWED));
      return number === null ? null : Number(number);
    },
    add: async (events, followed) => {
      const words = events.flatMap((event) => [
        ...[event.id, event.accountId, event.createdAtMs, JSON.stringify(event)],
      ]);
      return add(followed?.was ?? 'never', followed?.is ?? '', OUTBOX_ROOM, KNOWN_FOR_MS, ...words);
    },
    hold: async (limit) => heldOf(await hold(limit, randomUUID(), HELD_MS)),
    remove: async ({ accountId, lease, id }) => void (await remove(accountId, lease, id)),
    putBack: async ({ accountId, lease }, waitMs, tried) =>
      void (await putBack(accountId, lease, waitMs, JSON.stringify(tried))),
    backlog: async () => {
      const [pending, oldest] = await backlog();
      return { pending, oldestAtMs: oldest === '' ? null : Number(oldest) };
    },
  };
}

/** Events and lines in turn. */
function heldOf(texts: readonly string[]): HeldEvent[] {
  return texts.flatMap((text, i) => {
    if (i % 2 === 1) return [];
    const { lease, failures, waitedMs } = JSON.parse(texts[i + 1] ?? '') as HeldEvent['tried'] & {
      readonly lease: string;
    };
    return [{ ...(JSON.parse(text) as OutboxEvent), lease, tried: { failures, waitedMs } }];
  });
}
