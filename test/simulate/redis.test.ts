import fc from 'fast-check';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasRedis, type RedisServer, startRedis } from '../store/redis-server.ts';
import { connectorTo, createInProcessRedis, type InProcessRedis } from './redis/server.ts';

/** The in-process Redis against a real one: the same commands and scripts, the same answers. */
describe.runIf(hasRedis)('the in-process Redis', () => {
  let server: RedisServer;
  let real: Redis;
  let inProcess: InProcessRedis;
  beforeAll(async () => {
    server = await startRedis();
    real = new Redis(server.url, { protocol: 2 });
    inProcess = await createInProcessRedis(() => Date.now());
  });
  afterAll(async () => {
    real.disconnect();
    await server.stop();
  });

  const plain = (reply: unknown): unknown =>
    Array.isArray(reply)
      ? reply.map(plain)
      : reply instanceof Error
        ? reply.message.split(' ')[0]
        : typeof reply === 'object' && reply !== null && 'text' in reply
          ? reply.text
          : reply;
  const both = async (args: readonly string[]) => {
    const [name = '', ...rest] = args;
    const theirs = await real.call(name, ...rest).catch((error: Error) => error);
    return [plain(inProcess.execute(args)), plain(theirs)];
  };

  const key = fc.constantFrom('a', 'b');
  const member = fc.constantFrom('x', 'y', 'z', 'é');
  const score = fc.integer({ min: -3, max: 3 }).map(String);
  const bound = fc.oneof(score, fc.constantFrom('-inf', '+inf', '(1', '(-1'));
  const index = fc.integer({ min: -3, max: 3 }).map(String);
  const command = fc.oneof(
    fc.tuple(fc.constant('SET'), key, score),
    fc.tuple(fc.constant('SET'), key, member, fc.constantFrom('NX', 'XX', 'KEEPTTL')),
    fc.tuple(
      fc.constantFrom('GET', 'DEL', 'EXISTS', 'INCR', 'HLEN', 'HGETALL', 'ZCARD', 'SCARD', 'LLEN', 'LPOP'),
      key,
    ),
    fc.tuple(fc.constant('INCRBY'), key, score),
    fc.tuple(fc.constantFrom('HSET', 'HSETNX'), key, member, score),
    fc.tuple(
      fc.constantFrom(
        'HGET',
        'HDEL',
        'HEXISTS',
        'SADD',
        'SREM',
        'SISMEMBER',
        'RPUSH',
        'LPUSH',
        'ZREM',
        'ZSCORE',
      ),
      key,
      member,
    ),
    fc.tuple(fc.constant('HINCRBY'), key, member, score),
    fc.tuple(fc.constant('ZADD'), key, score, member),
    fc.tuple(fc.constant('ZADD'), key, fc.constantFrom('NX', 'XX', 'GT', 'LT', 'CH'), score, member),
    fc.tuple(fc.constantFrom('ZCOUNT', 'ZRANGEBYSCORE', 'ZREMRANGEBYSCORE'), key, bound, bound),
    fc.tuple(fc.constantFrom('ZRANGE', 'ZREVRANGE', 'LRANGE', 'ZREMRANGEBYRANK'), key, index, index),
    fc.tuple(fc.constant('ZRANGE'), key, index, index, fc.constant('WITHSCORES')),
    fc.tuple(fc.constantFrom('LTRIM'), key, index, index),
  );

  it('answers commands as a real one does', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(command, { minLength: 5, maxLength: 30 }), async (history) => {
        await both(['FLUSHALL']);
        for (const args of history) {
          const [ours, theirs] = await both(args);
          expect(ours, args.join(' ')).toEqual(theirs);
        }
      }),
      { numRuns: 60 },
    );
  });

  it.each([
    ['return {1, "a", false, {2, "b"}, true, 3.9, -3.9}', []],
    ['return redis.call("SET", KEYS[1], ARGV[1])', ['1', 'a', 'v']],
    ['return redis.call("INCRBY", KEYS[1], 2^33)', ['1', 'n']],
    [
      'return tostring(4 / 2) .. " " .. 1700000000000000 .. " " .. string.format("%.0f", 1700000000000000)',
      [],
    ],
    ['return redis.error_reply("ODD one")', []],
    ['return redis.status_reply("FINE")', []],
    ['local r = redis.pcall("INCR", KEYS[1]); if r.err then return "caught" end; return r', ['1', 'a']],
    ['return redis.call("INCR", KEYS[1])', ['1', 'a']],
    [
      'return cjson.decode(ARGV[1]).name .. #cjson.decode(ARGV[1]).list',
      ['0', '{"name":"é\\"","list":[1,2,null]}'],
    ],
    ['return cjson.encode({1, "a", true})', []],
    ['return redis.call("ZADD", KEYS[1], 1000000 * 1700000000 + 5, "m")', ['1', 'z']],
    ['return redis.call("ZRANGE", KEYS[1], 0, -1, "WITHSCORES")', ['1', 'z']],
    ['local t = redis.call("HGETALL", KEYS[1]); return #t', ['1', 'none']],
    ['return redis.call("GET", KEYS[1]) or "nothing"', ['1', 'none']],
    ['return', []],
  ])('runs %s as a real one does', async (script, rest) => {
    const [ours, theirs] = await both(['EVAL', script, ...(rest.length === 0 ? ['0'] : rest)]);
    expect(ours).toEqual(theirs);
  });
});

describe('a client of the in-process Redis', () => {
  it('connects as over a socket, waits through a hang and is refused by a demoted primary', async () => {
    const inProcess = await createInProcessRedis(() => Date.now());
    const client = new Redis({ Connector: connectorTo(inProcess), retryStrategy: () => 10 });
    client.on('error', () => {});
    client.defineCommand('twice', { numberOfKeys: 1, lua: 'return redis.call("INCRBY", KEYS[1], 2)' });
    const twice = (key: string) => (client as unknown as { twice(key: string): Promise<number> }).twice(key);
    expect([await twice('n'), await twice('n')]).toEqual([2, 4]);

    inProcess.hang();
    let isAnswered = false;
    const waiting = twice('n').then((n) => {
      isAnswered = true;
      return n;
    });
    await new Promise((resolve) => setImmediate(resolve));
    expect(isAnswered).toBe(false);
    inProcess.resume();
    expect(await waiting).toBe(6);

    inProcess.demote(true);
    await expect(twice('n')).rejects.toThrow('READONLY');
    inProcess.demote(false);
    inProcess.stop();
    inProcess.start();
    expect(await twice('n')).toBe(8);
    client.disconnect();
  });
});
