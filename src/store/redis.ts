import { Cluster, Redis } from 'ioredis';
import { StoreError } from './store-error.ts';

export type RedisClient = Redis | Cluster;

const CONNECT_TIMEOUT_MS = 5_000;
const MIN_VERSION = 7;

export interface OpenedRedis {
  readonly client: RedisClient;
  close(): Promise<void>;
}

/**
 * Connects to Valkey or Redis 7+, one server or a cluster (several hosts, or `?cluster=1`). Rejects with `StoreError`
 * when the server is out of reach, too old, or might lose what it is told: without AOF, or with keys it may evict.
 */
export async function openRedis(url: string, commandTimeoutMs: number): Promise<OpenedRedis> {
  const client = createClient(url, commandTimeoutMs);
  let lastError = '';
  client.on('error', (error: Error) => {
    lastError = codeOf(error);
  });
  try {
    await client.connect();
    await assertDurable(client);
  } catch (error) {
    client.disconnect();
    if (error instanceof StoreError) throw error;
    throw new StoreError(`the Redis store cannot be reached (${lastError || codeOf(error)})`);
  }
  return {
    client,
    close: async () => {
      await client.quit().catch(() => client.disconnect());
    },
  };
}

/** A code rather than a message: messages may hold the address and what was sent. */
const codeOf = (error: unknown) => String((error as NodeJS.ErrnoException).code ?? (error as Error).name);

function createClient(url: string, commandTimeoutMs: number): RedisClient {
  const parsed = URL.parse(url);
  if (parsed === null) throw new StoreError('STORE_URL is not a well-formed redis:// or rediss:// URL');
  const redisOptions = {
    ...(parsed.username === '' ? {} : { username: decodeURIComponent(parsed.username) }),
    ...(parsed.password === '' ? {} : { password: decodeURIComponent(parsed.password) }),
    ...(parsed.protocol === 'rediss:' ? { tls: {} } : {}),
    commandTimeout: commandTimeoutMs,
    connectTimeout: CONNECT_TIMEOUT_MS,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
  };
  const host = parsed.hostname.replace(/^\[|\]$/g, '');
  const port = Number(parsed.port || 6379);
  if (parsed.searchParams.get('cluster') === '1') {
    return new Cluster([{ host, port }], {
      redisOptions,
      lazyConnect: true,
      enableOfflineQueue: false,
      enableAutoPipelining: true,
      slotsRefreshTimeout: CONNECT_TIMEOUT_MS,
    });
  }
  return new Redis({
    ...redisOptions,
    host,
    port,
    db: Number(parsed.pathname.slice(1) || 0),
    lazyConnect: true,
    enableAutoPipelining: true,
    retryStrategy: (times) => Math.min(50 * times, 500),
  });
}

async function assertDurable(client: RedisClient): Promise<void> {
  const info = String(await client.info());
  const field = (name: string) => new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(info)?.[1];
  const version = field('valkey_version') ?? field('redis_version') ?? '0';
  if (Number.parseInt(version, 10) < MIN_VERSION)
    throw new StoreError(`the Redis store is version ${version}; ${MIN_VERSION} or newer is needed`);
  if (field('aof_enabled') !== '1')
    throw new StoreError('the Redis store would forget calls: set `appendonly yes`');
  const policy = field('maxmemory_policy') ?? 'noeviction';
  if (policy !== 'noeviction')
    throw new StoreError(
      `the Redis store may throw keys away (${policy}): set \`maxmemory-policy noeviction\``,
    );
}

/** A script that is sent once and called by its digest from then on. */
export function createScript<Result>(client: RedisClient, name: string, keys: number, lua: string) {
  client.defineCommand(name, { numberOfKeys: keys, lua });
  const commands = client as unknown as Record<string, (...args: (string | number)[]) => Promise<Result>>;
  return (...args: (string | number)[]): Promise<Result> => {
    const command = commands[name];
    if (command === undefined) throw new Error(`the script ${name} was not defined`);
    return command.call(client, ...args);
  };
}
