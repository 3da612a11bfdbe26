import { randomBytes } from 'node:crypto';
import type { DatabaseSync } from 'node:sqlite';
import { Failure } from '../domain/failure.ts';
import type { Backend, BackendOptions, RedisBackend, SqliteBackend } from './backend.ts';
import { createBreaker } from './breaker.ts';
import { openRedis } from './redis.ts';
import { migrate, openSqlite } from './sqlite.ts';
import { StoreError } from './store-error.ts';

/** Opens what `STORE_URL` names. Rejects with `StoreError`. */
export async function openBackend(url: string, options: BackendOptions): Promise<Backend> {
  const path = /^sqlite:(?:\/\/)?(.+)$/s.exec(url)?.[1];
  if (path !== undefined) return openSqliteBackend(path, options);
  if (/^rediss?:\/\//.test(url)) return openRedisBackend(url, options);
  throw new StoreError('STORE_URL must begin with sqlite:, redis:// or rediss://');
}

const unavailable = (cause: unknown): Failure =>
  cause instanceof Failure
    ? cause
    : new Failure('store_unavailable', 'The store cannot be used right now. Try again.', {
        retryAfterMs: 1_000,
        cause,
      });

async function openSqliteBackend(path: string, options: BackendOptions): Promise<SqliteBackend> {
  const { db, close } = await openSqlite(path, [], { role: options.role === 'gateway' ? 'gateway' : 'tool' });
  const guarded = <Result>(work: () => Result): Result => {
    try {
      return work();
    } catch (error) {
      throw unavailable(error);
    }
  };
  return {
    kind: 'sqlite',
    ...options,
    db,
    prepare: (steps) => migrate(db, steps),
    read: guarded,
    write: (work) => guarded(() => inTransaction(db, work)),
    check: async () => {
      db.prepare('SELECT 1 FROM schema_versions LIMIT 1').get();
    },
    backup: async (file) => {
      db.prepare('VACUUM INTO ?').run(file);
    },
    close: async () => close(),
  };
}

function inTransaction<Result>(db: DatabaseSync, work: () => Result): Result {
  db.exec('BEGIN IMMEDIATE');
  try {
    const result = work();
    db.exec('COMMIT');
    return result;
  } catch (error) {
    if (db.isTransaction) db.exec('ROLLBACK');
    throw error;
  }
}

/** A command that takes longer counts as failed: a caller would rather have a verdict, an operator the answer. */
const COMMAND_TIMEOUT_MS = { gateway: 50, migrate: 5_000, tool: 5_000, look: 5_000 } as const;
/** Of what is kept in Redis and how. */
const REDIS_SCHEMA = 2;

async function openRedisBackend(url: string, options: BackendOptions): Promise<RedisBackend> {
  const timeoutMs = COMMAND_TIMEOUT_MS[options.role];
  const { client, close } = await openRedis(url, timeoutMs);
  const breaker = createBreaker(options.clock, timeoutMs);
  await client.setnx('{gateway}:schema', REDIS_SCHEMA);
  const schema = Number(await client.get('{gateway}:schema'));
  if (schema > REDIS_SCHEMA) {
    await close();
    throw new StoreError(
      `the store was written by a newer version (${schema}, this program knows ${REDIS_SCHEMA}): upgrade the program`,
    );
  }
  return {
    kind: 'redis',
    ...options,
    client,
    gatewayId: randomBytes(6).toString('hex'),
    run: (_key, send) =>
      breaker.run(send).catch((error) => {
        throw unavailable(error);
      }),
    check: async () => {
      await client.ping();
    },
    backup: async () => {
      throw new StoreError('a Redis store is backed up by its own means: BGSAVE, and a copy of its files');
    },
    close,
  };
}
