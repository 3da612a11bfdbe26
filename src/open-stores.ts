import type { Clock } from './domain/clock.ts';
import type { Log } from './domain/log.ts';
import type { Pulse } from './domain/pulse.ts';
import type { BudgetStore } from './egress/exits/budget-store.ts';
import { createRedisBudgetStore } from './egress/exits/budget-store-redis.ts';
import { createSqliteBudgetStore, exitsMigrations } from './egress/exits/budget-store-sqlite.ts';
import type { KeyStore } from './keys/key-store.ts';
import { openKeys } from './keys/open-keys.ts';
import type { Records } from './keys/records.ts';
import type { Registry } from './keys/registry.ts';
import type { KeptMeter } from './limits/meter.ts';
import { openMeter, openUsage } from './limits/open-meter.ts';
import type { UsageRecords } from './limits/usage.ts';
import type { Backend, Role } from './store/backend.ts';
import { openBackend } from './store/open-backend.ts';

/** Everything that is kept, behind its ports. */
export interface Stores {
  readonly backend: Backend;
  readonly keys: KeyStore;
  readonly registry: Registry;
  readonly records: Records;
  readonly meter: KeptMeter;
  readonly usage: UsageRecords;
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
  readonly pulse?: Pulse;
}

/** Opens what `STORE_URL` names, and over it every room that keeps something. Rejects with `StoreError`. */
export async function openStores(url: string, options: OpenOptions): Promise<Stores> {
  const backend = await openBackend(url, options);
  try {
    const keys = await openKeys(backend);
    const meter = openMeter(backend);
    return {
      ...keys,
      backend,
      meter,
      usage: openUsage(backend),
      budgets: budgetsOf(backend),
      check: backend.check,
      backup: backend.backup,
      close: async () => {
        await meter.close();
        await backend.close();
      },
    };
  } catch (error) {
    await backend.close();
    throw error;
  }
}

function budgetsOf(backend: Backend): BudgetStore {
  if (backend.kind === 'redis') return createRedisBudgetStore(backend);
  backend.prepare(exitsMigrations);
  return createSqliteBudgetStore(backend);
}
