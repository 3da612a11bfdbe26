import { Cluster, Redis } from 'ioredis';
import { StoreError } from './store-error.ts';

export type RedisClient = Redis | Cluster;

const CONNECT_TIMEOUT_MS = 2_000;
/** A connection on which nothing comes for so long, though something is asked, is a black hole. */
const SOCKET_TIMEOUT_MS = 2_000;
/** Another server may stand behind the name by now. */
const WRONG_SERVER = /^(?:READONLY|LOADING|MASTERDOWN)\b/;

/**
 * A client of one server or of a cluster (`?cluster=1`), not yet connected. `commandTimeoutMs` is for tools: what a
 * gateway waits for is judged by the health of the server.
 */
export function createRedisClient(url: string, commandTimeoutMs: number | null): RedisClient {
  const parsed = URL.parse(url);
  if (parsed === null) throw new StoreError('STORE_URL is not a well-formed redis:// or rediss:// URL');
  const redisOptions = {
    ...(parsed.username === '' ? {} : { username: decodeURIComponent(parsed.username) }),
    ...(parsed.password === '' ? {} : { password: decodeURIComponent(parsed.password) }),
    ...(parsed.protocol === 'rediss:' ? { tls: {} } : {}),
    ...(commandTimeoutMs === null ? {} : { commandTimeout: commandTimeoutMs }),
    connectTimeout: CONNECT_TIMEOUT_MS,
    socketTimeout: commandTimeoutMs ?? SOCKET_TIMEOUT_MS,
    reconnectOnError: (error: Error) => WRONG_SERVER.test(error.message),
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
      slotsRefreshTimeout: CONNECT_TIMEOUT_MS,
    });
  }
  return new Redis({
    ...redisOptions,
    host,
    port,
    db: Number(parsed.pathname.slice(1) || 0),
    lazyConnect: true,
    retryStrategy: (times) => Math.min(50 * times, 500),
  });
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
