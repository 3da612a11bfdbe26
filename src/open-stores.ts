import type { Clock } from './domain/clock.ts';
import type { Log } from './domain/log.ts';
import type { BudgetStore } from './egress/exits/budget-store.ts';
import { createRedisBudgetStore } from './egress/exits/budget-store-redis.ts';
import { createSqliteBudgetStore, exitsMigrations } from './egress/exits/budget-store-sqlite.ts';
import type { KeyStore } from './keys/key-store.ts';
import { openKeys } from './keys/open-keys.ts';
import type { Records } from './keys/records.ts';
import type { Registry } from './keys/registry.ts';
import type { KeptLedger } from './limits/ledger.ts';
import { createRedisLedger } from './limits/ledger-redis.ts';
import { createSqliteLedger, limitsMigrations } from './limits/ledger-sqlite.ts';
import type { RateStore } from './limits/rate-store.ts';
import { createMemoryRateStore } from './limits/rate-store-memory.ts';
import { createRedisRateStore } from './limits/rate-store-redis.ts';
import type { Backend, RedisBackend, Role, SqliteBackend } from './store/backend.ts';
import { createBreaker } from './store/breaker.ts';
import { openBackend } from './store/open-backend.ts';

/** Everything that is kept, behind its ports. */
export interface Stores {
  readonly backend: Backend;
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
  readonly role: Role;
  readonly clock: Clock;
  readonly log: Log;
}

/** Opens what `STORE_URL` names, and over it every room that keeps something. Rejects with `StoreError`. */
export async function openStores(url: string, options: OpenOptions): Promise<Stores> {
  const backend = await openBackend(url, options);
  const parts = backend.kind === 'sqlite' ? sqliteParts(backend) : redisParts(backend);
  return {
    ...parts,
    ...(await openKeys(backend)),
    backend,
    check: backend.check,
    backup: backend.backup,
    close: async () => {
      await parts.ledger.close();
      await backend.close();
    },
  };
}

type Parts = Pick<Stores, 'ledger' | 'rates' | 'budgets'>;

function sqliteParts(backend: SqliteBackend): Parts {
  const { db, clock, prepare } = backend;
  for (const steps of [limitsMigrations, exitsMigrations]) prepare(steps);
  return {
    ledger: createSqliteLedger(db),
    rates: createMemoryRateStore(clock),
    budgets: createSqliteBudgetStore(backend),
  };
}

function redisParts(backend: RedisBackend): Parts {
  const { client, clock, log, role, gatewayId } = backend;
  const breaker = () => createBreaker(clock, role === 'gateway' ? 50 : 5_000);
  return {
    ledger: createRedisLedger(client, breaker(), log, gatewayId),
    rates: createRedisRateStore(client, breaker(), clock, gatewayId),
    budgets: createRedisBudgetStore(backend),
  };
}
