import type { RedisBackend } from '../store/backend.ts';
import type { RedisClient } from '../store/redis.ts';
import { StoreError } from '../store/store-error.ts';
import { ageOf, parsedAccount, parsedKey, REGISTRY } from './rows-redis.ts';

/** Hash: room → version of what it keeps. */
const VERSIONS = '{gateway}:schemas';
/** Of the whole store, for programs that know of no rooms. */
const SCHEMA = '{gateway}:schema';
/** 2: lists are read from sorted sets. */
const VERSION = 2;

/**
 * Makes sure that the registry is of this version: an earlier one is brought forward by a gateway or `migrate`.
 * Rejects with `StoreError` where the role must not, or when a newer program was here.
 */
export async function prepareRegistry({ client, role }: RedisBackend): Promise<void> {
  const version = Number(await client.hget(VERSIONS, 'keys'));
  if (version === VERSION) return;
  if (version > VERSION) {
    throw new StoreError(
      `the store was written by a newer version (keys ${version}, this program knows ${VERSION}): upgrade the program`,
    );
  }
  const isNew = (await client.exists(REGISTRY.accounts, REGISTRY.keys)) === 0;
  if (isNew && role === 'look') return;
  if (!isNew && role !== 'gateway' && role !== 'migrate') {
    throw new StoreError(
      'the store is of an earlier version: start its gateway, or run `npm run store -- migrate`',
    );
  }
  await indexRegistry(client);
  await client.multi().hset(VERSIONS, 'keys', VERSION).set(SCHEMA, VERSION).exec();
}

/**
 * Puts what the first version wrote into the sorted sets that lists are read from. May run again, and beside another
 * that does the same.
 */
async function indexRegistry(client: RedisClient): Promise<void> {
  for await (const texts of valuesOf(client, REGISTRY.accounts)) {
    const members = texts.map((text) => parsedAccount(text).name);
    await add(client, REGISTRY.accountsByName, members);
  }
  for await (const texts of valuesOf(client, REGISTRY.keys)) {
    const keys = texts.map(parsedKey);
    await add(client, REGISTRY.keysByAge, keys.map(ageOf));
    const members = keys.map((key) => `${key.accountId} ${ageOf(key)}`);
    await add(client, REGISTRY.keysByAccount, members);
  }
}

const add = (client: RedisClient, set: string, members: readonly string[]) =>
  members.length === 0 ? null : client.zadd(set, ...members.flatMap((member) => [0, member]));

/** The values of a hash, some hundreds at a time. */
async function* valuesOf(client: RedisClient, hash: string): AsyncGenerator<string[]> {
  let cursor = '0';
  do {
    const [next, found] = await client.hscan(hash, cursor, 'COUNT', 500);
    yield found.filter((_, i) => i % 2 === 1);
    cursor = next;
  } while (cursor !== '0');
}
