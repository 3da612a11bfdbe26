import { randomBytes } from 'node:crypto';
import { Cluster, type Redis } from 'ioredis';
import { type Clock, sleep } from '../domain/clock.ts';
import type { BackendOptions, RedisBackend } from './backend.ts';
import { AwayError } from './health.ts';
import { slotOf } from './key-slot.ts';
import { createRedisClient, type RedisClient } from './redis.ts';
import { createRedisLink, type RedisLink } from './redis-link.ts';
import { StoreError } from './store-error.ts';
import { unavailable } from './unavailable.ts';

const MIN_VERSION = 7;
/** Of what is kept in Redis and how. */
const SCHEMA = 2;
const SCHEMA_KEY = '{gateway}:schema';
/** When a server counts as away: for a gateway callers wait, for a tool nobody does. */
const AWAY_AFTER_MS = 50;
const TOOL_TIMEOUT_MS = 5_000;

/**
 * Connects to Valkey or Redis 7+, one server or a cluster. Rejects with `StoreError` when it is out of reach, too
 * old, written by a newer program, or might lose what it is told.
 */
export async function openRedisBackend(url: string, options: BackendOptions): Promise<RedisBackend> {
  const isGateway = options.role === 'gateway';
  const client = createRedisClient(url, isGateway ? null : TOOL_TIMEOUT_MS);
  await connect(client);
  const link = createRedisLink(
    client,
    options.clock,
    isGateway ? AWAY_AFTER_MS : TOOL_TIMEOUT_MS,
    options.pulse,
  );
  const close = async () => {
    link.close();
    await client.quit().catch(() => client.disconnect());
  };
  try {
    await assertSchema(client, options.role !== 'look');
    await untilNear(options.clock, () => link.probe(SCHEMA_KEY));
  } catch (error) {
    await close();
    throw storeErrorOf(error);
  }
  return {
    kind: 'redis',
    ...options,
    client,
    link,
    gatewayId: randomBytes(6).toString('hex'),
    run: (key, send) =>
      link.run(key, send).catch((error) => {
        throw unavailable(error);
      }),
    check: () => check(client, link),
    serversAway: () => link.serversAway(),
    backup: async () => {
      throw new StoreError('a Redis store is backed up by its own means: BGSAVE, and a copy of its files');
    },
    close,
  };
}

/** A server that is slow just now is no reason not to start; one that is away for so long is, ms. */
const START_WITHIN_MS = 5_000;
const TRY_AGAIN_MS = 100;

/** Asks again while the verdict is that the server is away. */
async function untilNear(clock: Clock, ask: () => Promise<unknown>): Promise<void> {
  const untilMs = clock.monotonic() + START_WITHIN_MS;
  for (;;) {
    try {
      await ask();
      return;
    } catch (error) {
      if (!(error instanceof AwayError) || clock.monotonic() > untilMs) throw error;
      await sleep(clock, TRY_AGAIN_MS);
    }
  }
}

async function connect(client: RedisClient): Promise<void> {
  let lastError: unknown;
  client.on('error', (error: Error) => {
    lastError = error;
  });
  try {
    await client.connect();
    for (const node of nodesOf(client)) assertDurable(String(await node.info()));
  } catch (error) {
    client.disconnect();
    throw storeErrorOf(error instanceof StoreError ? error : (lastError ?? error));
  }
}

const nodesOf = (client: RedisClient): readonly Redis[] =>
  client instanceof Cluster ? client.nodes('all') : [client];

/** A code rather than a message: messages may hold the address and what was sent. */
function storeErrorOf(error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  const code = String((error as NodeJS.ErrnoException).code ?? (error as Error).name);
  return new StoreError(`the Redis store cannot be reached (${code})`);
}

/** Throws where the server behind `info` would forget what it is told. */
function assertDurable(info: string): void {
  const field = (name: string) => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1];
  const version = field('valkey_version') ?? field('redis_version') ?? '0';
  if (Number.parseInt(version, 10) < MIN_VERSION)
    throw new StoreError(`the Redis store is version ${version}; ${MIN_VERSION} or newer is needed`);
  if (field('aof_enabled') !== '1')
    throw new StoreError('the Redis store would forget calls: set `appendonly yes` on every node');
  const policy = field('maxmemory_policy') ?? 'noeviction';
  if (policy !== 'noeviction')
    throw new StoreError(
      `the Redis store may throw keys away (${policy}): set \`maxmemory-policy noeviction\` on every node`,
    );
}

async function assertSchema(client: RedisClient, mayWrite: boolean): Promise<void> {
  if (mayWrite) await client.setnx(SCHEMA_KEY, SCHEMA);
  const schema = Number(await client.get(SCHEMA_KEY));
  if (schema > SCHEMA)
    throw new StoreError(
      `the store was written by a newer version (${schema}, this program knows ${SCHEMA}): upgrade the program`,
    );
}

/** What a server says that is there and cannot be written: an operator has to come. */
const FULL = /^(?:OOM|MISCONF|NOREPLICAS)\b/;

/**
 * Rejects while the servers cannot be written though they answer. One that is away is another matter: keys and
 * calls then go on within their grants, so that calls may still be sent here.
 */
async function check(client: RedisClient, link: RedisLink): Promise<void> {
  const keys = client instanceof Cluster ? keysOfMasters(client) : [SCHEMA_KEY];
  for (const key of keys) {
    await link.probe(key).catch((error: Error) => {
      const said = error.cause instanceof Error ? error.cause : error;
      if (FULL.test(said.message)) throw unavailable(said);
    });
  }
}

/** One key that lives on each of the masters. */
function keysOfMasters({ slots }: Cluster): readonly string[] {
  const missing = new Set(slots.flatMap((nodes) => nodes.slice(0, 1)));
  const keys: string[] = [];
  for (let i = 0; missing.size > 0 && i < slots.length; i += 1) {
    const key = `gateway:check:{${i}}`;
    if (missing.delete(slots[slotOf(key)]?.[0] ?? '')) keys.push(key);
  }
  return keys;
}
