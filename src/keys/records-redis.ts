import type { RedisBackend } from '../store/backend.ts';
import { createScript } from '../store/redis.ts';
import type {
  AuditRow,
  Change,
  KeyRecord,
  NumberedAuditRow,
  OwnedKey,
  Records,
  RequestRecord,
  Step,
} from './records.ts';
import { ageOf, parsedAccount, parsedKey, REGISTRY, requestAt } from './rows-redis.ts';

const ACCOUNTS = `
  local names = redis.call('ZRANGE', KEYS[1], ARGV[1], '+', 'BYLEX', 'LIMIT', 0, ARGV[2])
  if #names == 0 then return {} end
  return redis.call('HMGET', KEYS[3], unpack(redis.call('HMGET', KEYS[2], unpack(names))))`;

const OWNED = `
  local function owned(hashes)
    local keys = redis.call('HMGET', KEYS[1], unpack(hashes))
    local found = {}
    for _, key in ipairs(keys) do
      found[#found + 1] = key
      found[#found + 1] = redis.call('HGET', KEYS[2], cjson.decode(key).accountId)
    end
    return found
  end`;

const KEY = `${OWNED}
  local hash = redis.call('HGET', KEYS[3], ARGV[1])
  if not hash then return {} end
  return owned({hash})`;

const KEYS_PAGE = `${OWNED}
  local members = redis.call('ZRANGE', KEYS[4], ARGV[1], ARGV[2], 'BYLEX', 'LIMIT', 0, ARGV[3])
  if #members == 0 then return {} end
  local ids = {}
  for i, member in ipairs(members) do ids[i] = string.match(member, '%S+$') end
  return owned(redis.call('HMGET', KEYS[3], unpack(ids)))`;

const AUDIT = `
  local stop = ARGV[1] == '' and redis.call('LLEN', KEYS[1]) or tonumber(ARGV[1])
  local start = math.max(0, stop - tonumber(ARGV[2]))
  if stop <= start then return {0, {}} end
  return {start, redis.call('LRANGE', KEYS[1], start, stop - 1)}`;

const WRITE = `
  local change = cjson.decode(ARGV[1])
  local function stands(at, field, was) return redis.call('HGET', at, field) == (was or false) end
  for _, step in ipairs(change.accounts) do
    if not stands(KEYS[1], step.id, step.was) then return 0 end
    if not step.was and redis.call('HEXISTS', KEYS[2], step.name) == 1 then return 0 end
  end
  for _, step in ipairs(change.keys) do
    if not stands(KEYS[3], step.hash, step.was) then return 0 end
    if not step.was and redis.call('HEXISTS', KEYS[4], step.id) == 1 then return 0 end
  end
  if change.request then
    local kept = redis.call('GET', KEYS[9])
    if kept and cjson.decode(kept).endsAtMs > tonumber(ARGV[2]) then return 0 end
  end
  for _, step in ipairs(change.accounts) do
    redis.call('HSET', KEYS[1], step.id, step.is)
    redis.call('HSET', KEYS[2], step.name, step.id)
    redis.call('ZADD', KEYS[6], 0, step.name)
  end
  for _, step in ipairs(change.keys) do
    redis.call('HSET', KEYS[3], step.hash, step.is)
    redis.call('HSET', KEYS[4], step.id, step.hash)
    redis.call('ZADD', KEYS[7], 0, step.age)
    redis.call('ZADD', KEYS[8], 0, step.account .. ' ' .. step.age)
  end
  for _, row in ipairs(change.audit) do redis.call('RPUSH', KEYS[5], row) end
  if change.request then redis.call('SET', KEYS[9], change.request, 'PX', ARGV[3]) end
  return 1`;

const { accounts, names, keys, keyIds, audit, accountsByName, keysByAge, keysByAccount } = REGISTRY;
/** The places of `WRITE`, but the request's. */
const WRITTEN = [accounts, names, keys, keyIds, audit, accountsByName, keysByAge, keysByAccount];

/** Accounts and keys in Redis: each change, and each page, is one script. */
export function createRedisRecords({ client, run }: RedisBackend): Records {
  const ask = <Result>(send: () => Promise<Result>): Promise<Result> => run(accounts, send);
  const readAccounts = createScript<string[]>(client, 'gatewayAccounts', 3, ACCOUNTS);
  const readKey = createScript<string[]>(client, 'gatewayKey', 3, KEY);
  const readKeys = createScript<string[]>(client, 'gatewayKeys', 4, KEYS_PAGE);
  const readAudit = createScript<[number, string[]]>(client, 'gatewayAudit', 1, AUDIT);
  const write = createScript<number>(client, 'gatewayChange', 9, WRITE);
  return {
    findAccount: async (idOrName) => {
      const accountOf = (id: string) => ask(() => client.hget(accounts, id));
      const id = await ask(() => client.hget(names, idOrName));
      const text = (await accountOf(idOrName)) ?? (id === null ? null : await accountOf(id));
      return text === null ? null : parsedAccount(text);
    },
    findKey: async (id) => ownedKeysOf(await ask(() => readKey(keys, accounts, keyIds, id)))[0] ?? null,
    findRequest: async (name, nowMs) => {
      const text = await ask(() => client.get(requestAt(name)));
      const request = text === null ? null : (JSON.parse(text) as RequestRecord);
      return request !== null && request.endsAtMs > nowMs ? request : null;
    },
    hasKeys: async () => (await ask(() => client.hlen(keys))) > 0,
    accounts: async (after, limit) => {
      const start = behind('', after?.name);
      return (await ask(() => readAccounts(accountsByName, names, accounts, start, limit))).map(
        parsedAccount,
      );
    },
    keys: async (accountId, after, limit) => {
      const [index, prefix] = accountId === null ? [keysByAge, ''] : [keysByAccount, `${accountId} `];
      const end = accountId === null ? '+' : `(${accountId}!`;
      const start = behind(prefix, after === null ? undefined : ageOf(after));
      return ownedKeysOf(await ask(() => readKeys(keys, accounts, keyIds, index, start, end, limit)));
    },
    audit: async (before, limit) => {
      const [start, rows] = await ask(() => readAudit(audit, before ?? '', limit));
      return numbered(start, rows).reverse();
    },
    auditFrom: async (number, limit) =>
      numbered(number, await ask(() => client.lrange(audit, number, number + limit - 1))),
    write: async (change, nowMs) => {
      const { request } = change;
      const keptMs = request === null ? 1 : Math.max(1, request.endsAtMs - nowMs);
      const at = [...WRITTEN, requestAt(request?.name ?? '')];
      const written = await ask(() => write(...at, payloadOf(change), nowMs, keptMs));
      return Number(written) === 1;
    },
  };
}

const numbered = (start: number, rows: readonly string[]): NumberedAuditRow[] =>
  rows.map((text, i) => ({ number: start + i, ...(JSON.parse(text) as AuditRow) }));

/** The start of a range of names: behind `last`, or everything that begins with `prefix`. */
const behind = (prefix: string, last: string | undefined): string =>
  last === undefined ? (prefix === '' ? '-' : `[${prefix}`) : `(${prefix}${last}`;

function ownedKeysOf(texts: readonly string[]): OwnedKey[] {
  return texts.flatMap((text, i) =>
    i % 2 === 0 ? [{ key: parsedKey(text), account: parsedAccount(texts[i + 1] ?? '') }] : [],
  );
}

/** A change as the script reads it: records as the texts that are kept, so that what stands can be compared. */
function payloadOf(change: Change): string {
  const textsOf = <Value>({ was, is }: Step<Value>) => ({
    ...(was === null ? {} : { was: JSON.stringify(was) }),
    is: JSON.stringify(is),
  });
  const keyOf = (step: Step<KeyRecord>) => {
    const { hash, id, accountId } = step.is;
    return { hash, id, account: accountId, age: ageOf(step.is), ...textsOf(step) };
  };
  return JSON.stringify({
    accounts: change.accounts.map((step) => ({ id: step.is.id, name: step.is.name, ...textsOf(step) })),
    keys: change.keys.map(keyOf),
    audit: change.audit.map((row) => JSON.stringify(row)),
    ...(change.request === null ? {} : { request: JSON.stringify(change.request) }),
  });
}
