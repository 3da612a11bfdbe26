import { type Keyspace, RedisError, type ZSet } from './keyspace.ts';
import { type Reply, Status } from './resp.ts';

type Command = (keys: Keyspace, args: readonly string[]) => Reply;

const OK = new Status('OK');
const arg = (args: readonly string[], i: number): string => {
  const value = args[i];
  if (value === undefined) throw new RedisError('ERR wrong number of arguments');
  return value;
};
const integer = (text: string): number => {
  if (!/^-?\d+$/.test(text)) throw new RedisError('ERR value is not an integer or out of range');
  return Number(text);
};
const bool = (value: boolean): number => (value ? 1 : 0);

/** A score as Redis prints it. */
export const scoreText = (score: number): string =>
  score === Number.POSITIVE_INFINITY ? 'inf' : score === Number.NEGATIVE_INFINITY ? '-inf' : String(score);

interface Bound {
  readonly score: number;
  readonly open: boolean;
}

function boundOf(text: string): Bound {
  const open = text.startsWith('(');
  const plain = open ? text.slice(1) : text;
  if (/^[+]?inf$/i.test(plain)) return { score: Number.POSITIVE_INFINITY, open };
  if (/^-inf$/i.test(plain)) return { score: Number.NEGATIVE_INFINITY, open };
  const score = Number(plain);
  if (plain === '' || Number.isNaN(score)) throw new RedisError('ERR min or max is not a float');
  return { score, open };
}

function between(zset: ZSet | undefined, min: string, max: string): [string, number][] {
  const [low, high] = [boundOf(min), boundOf(max)];
  return (zset?.ordered() ?? []).filter(
    ([, score]) =>
      (low.open ? score > low.score : score >= low.score) &&
      (high.open ? score < high.score : score <= high.score),
  );
}

/** `start` and `stop` with negatives counted from the end, both included. */
function sliceOf<Item>(items: readonly Item[], start: number, stop: number): Item[] {
  const from = Math.max(0, start < 0 ? items.length + start : start);
  const to = stop < 0 ? items.length + stop : stop;
  return items.slice(from, to + 1);
}

function pairs(found: readonly (readonly [string, number])[], options: readonly string[]): Reply {
  const withScores = options.some((option) => option.toUpperCase() === 'WITHSCORES');
  return found.flatMap(([member, score]) => (withScores ? [member, scoreText(score)] : [member]));
}

function limited<Item>(found: Item[], options: readonly string[]): Item[] {
  const at = options.findIndex((option) => option.toUpperCase() === 'LIMIT');
  if (at < 0) return found;
  const offset = integer(arg(options, at + 1));
  const count = integer(arg(options, at + 2));
  return count < 0 ? found.slice(offset) : found.slice(offset, offset + count);
}

function set(keys: Keyspace, args: readonly string[]): Reply {
  const [key, value] = [arg(args, 0), arg(args, 1)];
  const options = args.slice(2).map((word) => word.toUpperCase());
  const known = keys.get(key);
  if (options.includes('NX') && known !== undefined) return null;
  if (options.includes('XX') && known === undefined) return null;
  const after = (name: string) => {
    const at = options.indexOf(name);
    return at < 0 ? undefined : integer(arg(args, at + 3));
  };
  const [px, ex, pxat, exat] = [after('PX'), after('EX'), after('PXAT'), after('EXAT')];
  const kept = options.includes('KEEPTTL') ? keys.expiresAtMs(key) : undefined;
  const expiresAtMs =
    px !== undefined
      ? keys.nowMs() + px
      : ex !== undefined
        ? keys.nowMs() + ex * 1_000
        : (pxat ?? (exat === undefined ? kept : exat * 1_000));
  const old = options.includes('GET') ? (keys.text(key) ?? null) : OK;
  keys.set(key, value, expiresAtMs);
  return old;
}

function add(keys: Keyspace, key: string, by: number): number {
  const sum = integer(keys.text(key) ?? '0') + by;
  keys.set(key, String(sum), keys.expiresAtMs(key));
  return sum;
}

function hashAdd(keys: Keyspace, key: string, field: string, by: number): number {
  const hash = keys.hashFor(key);
  const sum = integer(hash.get(field) ?? '0') + by;
  hash.set(field, String(sum));
  return sum;
}

function hset(keys: Keyspace, args: readonly string[]): number {
  const hash = keys.hashFor(arg(args, 0));
  let added = 0;
  for (let i = 1; i < args.length; i += 2) {
    if (!hash.has(arg(args, i))) added += 1;
    hash.set(arg(args, i), arg(args, i + 1));
  }
  return added;
}

function zadd(keys: Keyspace, args: readonly string[]): number {
  const flags = new Set<string>();
  let at = 1;
  while (/^(NX|XX|GT|LT|CH)$/i.test(args[at] ?? '')) {
    flags.add(arg(args, at).toUpperCase());
    at += 1;
  }
  const zset = keys.zsetFor(arg(args, 0));
  let changed = 0;
  for (; at < args.length; at += 2) {
    const score = boundOf(arg(args, at)).score;
    const member = arg(args, at + 1);
    const old = zset.scores.get(member);
    if (old === undefined ? flags.has('XX') : flags.has('NX')) continue;
    if (old !== undefined && flags.has('GT') && score <= old) continue;
    if (old !== undefined && flags.has('LT') && score >= old) continue;
    zset.set(member, score);
    if (old === undefined || (flags.has('CH') && old !== score)) changed += 1;
  }
  keys.tidy(arg(args, 0));
  return changed;
}

function remove(count: number, keys: Keyspace, key: string): number {
  keys.tidy(key);
  return count;
}

function zremBetween(keys: Keyspace, key: string, found: readonly (readonly [string, number])[]): number {
  const zset = keys.zset(key);
  return remove(found.filter(([member]) => zset?.delete(member)).length, keys, key);
}

const expireAt = (keys: Keyspace, args: readonly string[], atMs: number): number => {
  const known = keys.expiresAtMs(arg(args, 0));
  if (known === undefined) return 0;
  const flag = args[2]?.toUpperCase();
  if (flag === 'NX' && known !== Number.POSITIVE_INFINITY) return 0;
  if (flag === 'XX' && known === Number.POSITIVE_INFINITY) return 0;
  if (flag === 'GT' && atMs <= known) return 0;
  if (flag === 'LT' && atMs >= known) return 0;
  return bool(keys.expire(arg(args, 0), atMs));
};

const ttlMs = (keys: Keyspace, key: string): number => {
  const atMs = keys.expiresAtMs(key);
  if (atMs === undefined) return -2;
  return atMs === Number.POSITIVE_INFINITY ? -1 : Math.max(0, Math.round(atMs - keys.nowMs()));
};

const hashOf = (keys: Keyspace, args: readonly string[]) =>
  keys.hash(arg(args, 0)) ?? new Map<string, string>();
const listOf = (keys: Keyspace, args: readonly string[]) => keys.list(arg(args, 0)) ?? [];
const setOf = (keys: Keyspace, args: readonly string[]) => keys.members(arg(args, 0)) ?? new Set<string>();
const scan = (items: readonly string[]): Reply => ['0', items];
const globOf = (args: readonly string[]) => {
  const at = args.findIndex((word) => word.toUpperCase() === 'MATCH');
  const source = at < 0 ? '*' : arg(args, at + 1);
  const pattern = source
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${pattern}$`, 's');
};

/** The commands that the gateway's own code and scripts use, and their near relatives. */
export const COMMANDS: Readonly<Record<string, Command>> = {
  PING: () => new Status('PONG'),
  ECHO: (_keys, args) => arg(args, 0),
  TIME: (keys) => {
    const us = Math.round(keys.nowMs() * 1_000);
    return [String(Math.floor(us / 1_000_000)), String(us % 1_000_000)];
  },
  DBSIZE: (keys) => keys.keys().length,
  FLUSHALL: (keys) => {
    keys.clear();
    return OK;
  },
  GET: (keys, args) => keys.text(arg(args, 0)) ?? null,
  SET: set,
  SETNX: (keys, args) => (set(keys, [arg(args, 0), arg(args, 1), 'NX']) === null ? 0 : 1),
  MGET: (keys, args) => args.map((key) => keys.text(key) ?? null),
  GETDEL: (keys, args) => {
    const value = keys.text(arg(args, 0)) ?? null;
    keys.delete(arg(args, 0));
    return value;
  },
  INCR: (keys, args) => add(keys, arg(args, 0), 1),
  DECR: (keys, args) => add(keys, arg(args, 0), -1),
  INCRBY: (keys, args) => add(keys, arg(args, 0), integer(arg(args, 1))),
  DECRBY: (keys, args) => add(keys, arg(args, 0), -integer(arg(args, 1))),
  DEL: (keys, args) => args.filter((key) => keys.delete(key)).length,
  UNLINK: (keys, args) => args.filter((key) => keys.delete(key)).length,
  EXISTS: (keys, args) => args.filter((key) => keys.get(key) !== undefined).length,
  PERSIST: (keys, args) => bool(keys.expire(arg(args, 0), Number.POSITIVE_INFINITY)),
  EXPIRE: (keys, args) => expireAt(keys, args, keys.nowMs() + integer(arg(args, 1)) * 1_000),
  PEXPIRE: (keys, args) => expireAt(keys, args, keys.nowMs() + integer(arg(args, 1))),
  EXPIREAT: (keys, args) => expireAt(keys, args, integer(arg(args, 1)) * 1_000),
  PEXPIREAT: (keys, args) => expireAt(keys, args, integer(arg(args, 1))),
  PTTL: (keys, args) => ttlMs(keys, arg(args, 0)),
  TTL: (keys, args) => {
    const ms = ttlMs(keys, arg(args, 0));
    return ms < 0 ? ms : Math.round(ms / 1_000);
  },
  SCAN: (keys, args) => scan(keys.keys().filter((key) => globOf(args).test(key))),

  HGET: (keys, args) => hashOf(keys, args).get(arg(args, 1)) ?? null,
  HMGET: (keys, args) => args.slice(1).map((field) => hashOf(keys, args).get(field) ?? null),
  HSET: hset,
  HMSET: (keys, args) => {
    hset(keys, args);
    return OK;
  },
  HSETNX: (keys, args) => {
    const hash = keys.hashFor(arg(args, 0));
    if (hash.has(arg(args, 1))) return 0;
    hash.set(arg(args, 1), arg(args, 2));
    return 1;
  },
  HINCRBY: (keys, args) => hashAdd(keys, arg(args, 0), arg(args, 1), integer(arg(args, 2))),
  HDEL: (keys, args) => {
    const hash = hashOf(keys, args);
    return remove(args.slice(1).filter((field) => hash.delete(field)).length, keys, arg(args, 0));
  },
  HEXISTS: (keys, args) => bool(hashOf(keys, args).has(arg(args, 1))),
  HLEN: (keys, args) => hashOf(keys, args).size,
  HKEYS: (keys, args) => [...hashOf(keys, args).keys()],
  HVALS: (keys, args) => [...hashOf(keys, args).values()],
  HGETALL: (keys, args) => [...hashOf(keys, args)].flat(),
  HSCAN: (keys, args) => scan([...hashOf(keys, args)].filter(([field]) => globOf(args).test(field)).flat()),

  ZADD: zadd,
  ZCARD: (keys, args) => keys.zset(arg(args, 0))?.scores.size ?? 0,
  ZCOUNT: (keys, args) => between(keys.zset(arg(args, 0)), arg(args, 1), arg(args, 2)).length,
  ZSCORE: (keys, args) => {
    const score = keys.zset(arg(args, 0))?.scores.get(arg(args, 1));
    return score === undefined ? null : scoreText(score);
  },
  ZREM: (keys, args) => {
    const zset = keys.zset(arg(args, 0));
    return remove(args.slice(1).filter((member) => zset?.delete(member)).length, keys, arg(args, 0));
  },
  ZRANGE: (keys, args) => {
    const options = args.slice(3);
    if (options.some((option) => option.toUpperCase() === 'BYSCORE')) {
      const found = between(keys.zset(arg(args, 0)), arg(args, 1), arg(args, 2));
      return pairs(limited(found, options), options);
    }
    const ordered = keys.zset(arg(args, 0))?.ordered() ?? [];
    return pairs(sliceOf(ordered, integer(arg(args, 1)), integer(arg(args, 2))), options);
  },
  ZREVRANGE: (keys, args) => {
    const ordered = [...(keys.zset(arg(args, 0))?.ordered() ?? [])].reverse();
    return pairs(sliceOf(ordered, integer(arg(args, 1)), integer(arg(args, 2))), args.slice(3));
  },
  ZRANGEBYSCORE: (keys, args) =>
    pairs(
      limited(between(keys.zset(arg(args, 0)), arg(args, 1), arg(args, 2)), args.slice(3)),
      args.slice(3),
    ),
  ZREMRANGEBYSCORE: (keys, args) =>
    zremBetween(keys, arg(args, 0), between(keys.zset(arg(args, 0)), arg(args, 1), arg(args, 2))),
  ZREMRANGEBYRANK: (keys, args) =>
    zremBetween(
      keys,
      arg(args, 0),
      sliceOf(keys.zset(arg(args, 0))?.ordered() ?? [], integer(arg(args, 1)), integer(arg(args, 2))),
    ),
  ZPOPMIN: (keys, args) => {
    const found = (keys.zset(arg(args, 0))?.ordered() ?? []).slice(0, integer(args[1] ?? '1'));
    zremBetween(keys, arg(args, 0), found);
    return pairs(found, ['WITHSCORES']);
  },

  SADD: (keys, args) => {
    const members = keys.membersFor(arg(args, 0));
    const before = members.size;
    for (const member of args.slice(1)) members.add(member);
    return members.size - before;
  },
  SREM: (keys, args) => {
    const members = setOf(keys, args);
    return remove(args.slice(1).filter((member) => members.delete(member)).length, keys, arg(args, 0));
  },
  SMEMBERS: (keys, args) => [...setOf(keys, args)],
  SISMEMBER: (keys, args) => bool(setOf(keys, args).has(arg(args, 1))),
  SCARD: (keys, args) => setOf(keys, args).size,
  SSCAN: (keys, args) => scan([...setOf(keys, args)].filter((member) => globOf(args).test(member))),

  RPUSH: (keys, args) => keys.listFor(arg(args, 0)).push(...args.slice(1)),
  LPUSH: (keys, args) => keys.listFor(arg(args, 0)).unshift(...args.slice(1).reverse()),
  LRANGE: (keys, args) => sliceOf(listOf(keys, args), integer(arg(args, 1)), integer(arg(args, 2))),
  LLEN: (keys, args) => listOf(keys, args).length,
  LTRIM: (keys, args) => {
    const kept = sliceOf(listOf(keys, args), integer(arg(args, 1)), integer(arg(args, 2)));
    const list = keys.list(arg(args, 0));
    list?.splice(0, list.length, ...kept);
    keys.tidy(arg(args, 0));
    return OK;
  },
  LPOP: (keys, args) => {
    const value = keys.list(arg(args, 0))?.shift() ?? null;
    keys.tidy(arg(args, 0));
    return value;
  },
};

/** Commands that change nothing; all others are refused by a replica. */
export const READS: ReadonlySet<string> = new Set(
  'PING ECHO TIME DBSIZE GET MGET EXISTS PTTL TTL SCAN HGET HMGET HEXISTS HLEN HKEYS HVALS HGETALL HSCAN ZCARD ZCOUNT ZSCORE ZRANGE ZREVRANGE ZRANGEBYSCORE SMEMBERS SISMEMBER SCARD SSCAN LRANGE LLEN'.split(
    ' ',
  ),
);
