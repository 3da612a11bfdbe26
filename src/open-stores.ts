import { randomBytes } from 'node:crypto';
import type { Clock } from './domain/clock.ts';
import type { Log } from './domain/log.ts';
import type { BudgetStore } from './egress/budget-store.ts';
import { createRedisBudgetStore } from './egress/budget-store-redis.ts';
import { createSqliteBudgetStore, exitsMigrations } from './egress/budget-store-sqlite.ts';
import type { KeyStore } from './keys/key-store.ts';
import { createRedisKeyStore } from './keys/key-store-redis.ts';
import { createSqliteKeyStore, keysMigrations } from './keys/key-store-sqlite.ts';
import type { Records } from './keys/records.ts';
import { createRedisRecords } from './keys/records-redis.ts';
import { createSqliteRecords } from './keys/records-sqlite.ts';
import { createRegistry, type Registry } from './keys/registry.ts';
import type { KeptLedger } from './limits/ledger.ts';
import { createRedisLedger } from './limits/ledger-redis.ts';
import { createSqliteLedger, limitsMigrations } from './limits/ledger-sqlite.ts';
import type { RateStore } from './limits/rate-store.ts';
import { createMemoryRateStore } from './limits/rate-store-memory.ts';
import { createRedisRateStore } from './limits/rate-store-redis.ts';
import { createBreaker } from './store/breaker.ts';
import { openRedis } from './store/redis.ts';
import { openSqlite } from './store/sqlite.ts';
import { StoreError } from './store/store-error.ts';

/** Everything that is kept, behind its ports. */
export interface Stores {
  readonly keys: KeyStore;
  readonly registry: Registry;
  readonly records: Records;
  readonly ledger: KeptLedger;
  readonly rates: RateStore;
  readonly budgets: BudgetStore;
  /** Rejects while the store cannot be used. */
  check(): Promise<void>;
  /** Writes a copy of a running store into a file. */
  backup(file: string): Promise<void>;
  close(): Promise<void>;
}

export interface OpenOptions {
  readonly role: 'gateway' | 'tool';
  readonly clock: Clock;
  readonly log: Log;
}

/** Opens what `STORE_URL` names. Rejects with `StoreError`. */
export async function openStores(url: string, options: OpenOptions): Promise<Stores> {
  const path = /^sqlite:(?:\/\/)?(.+)$/s.exec(url)?.[1];
  if (path !== undefined) return openSqliteStores(path, options);
  if (/^rediss?:\/\//.test(url)) return openRedisStores(url, options);
  throw new StoreError('STORE_URL must begin with sqlite:, redis:// or rediss://');
}

async function openSqliteStores(path: string, { role, clock }: OpenOptions): Promise<Stores> {
  const { db, close } = await openSqlite(path, [...keysMigrations, ...limitsMigrations, ...exitsMigrations], {
    role,
  });
  const ledger = createSqliteLedger(db);
  const keys = createSqliteKeyStore(db, clock);
  const records = createSqliteRecords(db, keys.forget);
  return {
    keys,
    records,
    registry: createRegistry(records),
    ledger,
    rates: createMemoryRateStore(clock),
    budgets: createSqliteBudgetStore(db),
    check: async () => {
      db.prepare('SELECT 1 FROM accounts LIMIT 1').get();
    },
    backup: async (file) => {
      db.prepare('VACUUM INTO ?').run(file);
    },
    close: async () => {
      await ledger.close();
      close();
    },
  };
}

/** A command that takes longer counts as failed: a caller would rather have a verdict, an operator the answer. */
const COMMAND_TIMEOUT_MS = { gateway: 50, tool: 5_000 } as const;
/** Of what is kept in Redis and how. */
const REDIS_SCHEMA = 1;

async function openRedisStores(url: string, { role, clock, log }: OpenOptions): Promise<Stores> {
  const { client, close } = await openRedis(url, COMMAND_TIMEOUT_MS[role]);
  const breaker = () => createBreaker(clock, COMMAND_TIMEOUT_MS[role]);
  await client.setnx('{gateway}:schema', REDIS_SCHEMA);
  const schema = Number(await client.get('{gateway}:schema'));
  if (schema > REDIS_SCHEMA) {
    await close();
    throw new StoreError(
      `the store was written by a newer version (${schema}, this program knows ${REDIS_SCHEMA}): upgrade the program`,
    );
  }
  const gatewayId = randomBytes(6).toString('hex');
  const ledger = createRedisLedger(client, breaker(), log, gatewayId);
  const keys = createRedisKeyStore(client, breaker(), clock);
  const records = createRedisRecords(client, keys.forget);
  return {
    keys,
    records,
    registry: createRegistry(records),
    ledger,
    rates: createRedisRateStore(client, breaker(), clock, gatewayId),
    budgets: createRedisBudgetStore(client, breaker(), gatewayId),
    check: async () => {
      await client.ping();
    },
    backup: async () => {
      throw new StoreError('a Redis store is backed up by its own means: BGSAVE, and a copy of its files');
    },
    close: async () => {
      await ledger.close();
      await close();
    },
  };
}
