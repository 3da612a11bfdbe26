import type { RedisBackend } from '../store/backend.ts';
import { createScript } from '../store/redis.ts';
import type { Fleet, StepAnswer, StepAsk } from './fleet.ts';
import { createMonthIndex } from './month-index.ts';
import { boundsOfMonth } from './period.ts';
import { ownKey, secondKey, totalsKey } from './redis-keys.ts';
import { WINDOW_MS } from './window.ts';

const WINDOW_US = WINDOW_MS * 1_000;
/** Own counts are of use until the last refund of their month has been told. */
const OWN_KEPT_MS = 7 * 86_400_000;

/**
 * Totals and own counts of a month stand in two hashes, so that a step costs the same however many gateways there
 * were. In the first, all fields of `s` less all of `r` are what is used: programs before version 2 keep one field a
 * gateway there and read it so, and go on beside this one.
 */
const MERGE = `
  local call = redis.call
  local ownSpent, ownRefunded = 's:' .. ARGV[1], 'r:' .. ARGV[1]
  local kept = call('HMGET', KEYS[2], ownSpent, ownRefunded)
  local keptSpent, keptRefunded = tonumber(kept[1] or 0), tonumber(kept[2] or 0)
  local spent = math.max(keptSpent, tonumber(ARGV[2]))
  local refunded = math.max(keptRefunded, tonumber(ARGV[3]))
  local used, allSpent, allRefunded = 0, 0, 0
  local fields = call('HGETALL', KEYS[1])
  for i = 1, #fields, 2 do
    local count = tonumber(fields[i + 1])
    if string.byte(fields[i]) == 115 then used = used + count else used = used - count end
    if fields[i] == 's:total' then allSpent = count elseif fields[i] == 'r:total' then allRefunded = count end
  end
  used = used + (spent - keptSpent) - (refunded - keptRefunded)
  local function keep()
    if spent ~= keptSpent then call('HSET', KEYS[1], 's:total', allSpent + spent - keptSpent) end
    if refunded ~= keptRefunded then call('HSET', KEYS[1], 'r:total', allRefunded + refunded - keptRefunded) end
  end`;

/**
 * The deadline and the month come first, so that what is late changes nothing: callers wait no longer for a verdict.
 * Times are the server's, in µs.
 */
const STEP = `
  local time = redis.call('TIME')
  local now = time[1] * 1000000 + time[2]
  if now > tonumber(ARGV[5]) or now < tonumber(ARGV[6]) or now >= tonumber(ARGV[7]) then return {now} end
  ${MERGE}
  local rate, count, newest = tonumber(ARGV[8]), call('ZCARD', KEYS[3]), 0
  if count > 0 then
    count = count - call('ZREMRANGEBYSCORE', KEYS[3], '-inf', now - ${WINDOW_US} - 1)
    newest = tonumber(call('ZRANGE', KEYS[3], -1, -1, 'WITHSCORES')[2] or 0)
  end
  if newest > now then
    for _, member in ipairs(call('ZRANGEBYSCORE', KEYS[3], now + 1, '+inf')) do
      call('ZADD', KEYS[3], now, member)
    end
    call('PEXPIRE', KEYS[3], ${WINDOW_MS * 2})
    newest = now
  end
  local calls = tonumber(ARGV[4])
  local granted = math.max(0, math.min(calls, rate - count, tonumber(ARGV[9]) - used))
  if granted > 0 then
    local places = {now, ARGV[10]}
    for i = 2, granted do
      places[2 * i - 1] = now
      places[2 * i] = ARGV[10] .. i
    end
    call('ZADD', KEYS[3], unpack(places))
    call('PEXPIRE', KEYS[3], ${WINDOW_MS * 2})
    spent, used, newest = spent + granted, used + granted, now
  end
  keep()
  if spent > keptSpent then call('HSET', KEYS[2], ownSpent, spent) end
  if refunded > keptRefunded then call('HSET', KEYS[2], ownRefunded, refunded) end
  if spent + refunded > 0 and not kept[1] and not kept[2] then call('PEXPIREAT', KEYS[2], ARGV[11]) end
  local wait, reset = 0, 0
  if granted < calls and count + granted >= rate then
    local first = call('ZRANGE', KEYS[3], count + granted - rate, count + granted - rate, 'WITHSCORES')
    wait = first[2] + ${WINDOW_US} - now
  end
  if newest > 0 then reset = newest + ${WINDOW_US} - now end
  return {now, spent, refunded, used, granted, count, wait, reset}`;

/** What a gateway has counted stays in the totals; its own fields go. */
const FOLD = `${MERGE}
  keep()
  call('HDEL', KEYS[2], ownSpent, ownRefunded)
  return used`;

/** One script and one round trip for whatever waits of one account; all its keys are in one slot of a cluster. */
export function createRedisFleet(backend: RedisBackend): Fleet {
  const { client, link, clock, gatewayId } = backend;
  const ask = createAsk(backend);
  const fold = createScript<number>(client, 'gatewayFold', 2, FOLD);
  return {
    step: async (accountId, build, late) => {
      for (let attempt = 1; ; attempt += 1) {
        const answer = await ask(accountId, link.awayAfterMs * attempt, build, late);
        if (answer !== null) return answer;
      }
    },
    nowMs: (accountId) => link.clockOf(secondKey(accountId)).guess(clock.monotonic()) ?? clock.now(),
    isAway: (accountId) => link.isAway(secondKey(accountId)),
    note: createMonthIndex(backend),
    fold: async ({ accountId, period, life }, { spent, refunded }) => {
      const keys = [totalsKey(accountId, period), ownKey(accountId, period)];
      await link.run(secondKey(accountId), () => fold(...keys, ownName(gatewayId, life), spent, refunded));
    },
    onBack: (listener) => link.onBack(listener),
  };
}

/** One question; null when it is to be asked once more: the server's time is known better then. */
function createAsk({ client, link, gatewayId }: RedisBackend) {
  const script = createScript<number[]>(client, 'gatewayStep', 3, STEP);
  let serial = 0;
  return async (
    accountId: string,
    waitMs: number,
    build: () => StepAsk,
    late: (ask: StepAsk, answer: StepAnswer) => void,
  ): Promise<StepAnswer | null> => {
    const server = link.clockOf(secondKey(accountId));
    let isOver = false;
    const send = async (writtenAtMs: number) => {
      const ask = build();
      serial += 1;
      const serverMs = server.guess(writtenAtMs);
      const deadlineMs = serverMs === null ? 0 : serverMs + waitMs;
      const reply = await script(...argsOf(ask, gatewayId, serial, deadlineMs));
      const answer = answerOf(reply);
      if (answer === null) server.relearn((reply[0] ?? 0) / 1_000, writtenAtMs);
      else server.learn(answer.atMs, writtenAtMs);
      if (isOver && answer !== null) late(ask, answer);
      return answer;
    };
    try {
      return await link.run(secondKey(accountId), send);
    } finally {
      isOver = true;
    }
  };
}

/** Under which a gateway keeps its own counts of a month. */
const ownName = (gatewayId: string, life: number): string => `${gatewayId}:${life}`;

/** As `STEP` takes them. What only tells may be of any month. */
function argsOf(
  { accountId, period, life, told, limits, calls }: StepAsk,
  id: string,
  serial: number,
  deadlineMs: number,
) {
  const { startMs, endMs } = boundsOfMonth(period);
  const [fromUs, toUs] = calls > 0 ? [startMs * 1_000, endMs * 1_000] : [0, Number.MAX_SAFE_INTEGER];
  return [
    ...[totalsKey(accountId, period), ownKey(accountId, period), secondKey(accountId)],
    ...[ownName(id, life), told.spent, told.refunded, calls],
    ...[Math.floor(deadlineMs * 1_000), fromUs, toUs],
    ...[limits.callsPerSecond, limits.callsPerMonth],
    ...[`${id}:${serial}:`, endMs + OWN_KEPT_MS],
  ];
}

/** Null where the step came too late, or to a month that is not now: only the time is told then. */
function answerOf([now = 0, ...rest]: readonly number[]): StepAnswer | null {
  const [spent, refunded = 0, used = 0, granted = 0, inSecond = 0, waitUs = 0, resetUs = 0] = rest;
  if (spent === undefined) return null;
  return {
    atMs: now / 1_000,
    spent,
    refunded,
    used,
    granted,
    inSecond,
    waitMs: waitUs / 1_000,
    resetMs: resetUs / 1_000,
  };
}
