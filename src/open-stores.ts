import type { Clock } from './domain/clock.ts';
import type { BudgetStore } from './egress/budget-store.ts';
import { createSqliteBudgetStore, exitsMigrations } from './egress/budget-store-sqlite.ts';
import type { KeyStore } from './keys/key-store.ts';
import { createSqliteKeyStore, keysMigrations } from './keys/key-store-sqlite.ts';
import type { Registry } from './keys/registry.ts';
import { createSqliteRegistry } from './keys/registry-sqlite.ts';
import { createSqliteLedger, limitsMigrations, type SqliteLedger } from './limits/ledger-sqlite.ts';
import type { RateStore } from './limits/rate-store.ts';
import { createMemoryRateStore } from './limits/rate-store-memory.ts';
import { openSqlite, StoreError } from './store/sqlite.ts';

/** Everything that is kept, behind its ports. */
export interface Stores {
  readonly keys: KeyStore;
  readonly registry: Registry;
  readonly ledger: SqliteLedger;
  readonly rates: RateStore;
  readonly budgets: BudgetStore;

  /** Rejects while the store cannot be used. */
  check(): Promise<void>;
  close(): Promise<void>;
}

export interface OpenOptions {
  readonly role: 'gateway' | 'tool';
  readonly clock: Clock;
}

/** Opens what `STORE_URL` names. Rejects with `StoreError`. */
export async function openStores(url: string, { role, clock }: OpenOptions): Promise<Stores> {
  const path = /^sqlite:(?:\/\/)?(.+)$/s.exec(url)?.[1];
  if (path === undefined)
    throw new StoreError('STORE_URL must begin with sqlite:, followed by the path of a file');
  const { db, close } = await openSqlite(path, [...keysMigrations, ...limitsMigrations, ...exitsMigrations], {
    role,
  });
  const ledger = createSqliteLedger(db);
  const keys = createSqliteKeyStore(db, clock);
  return {
    keys,
    registry: createSqliteRegistry(db, keys.forget),
    ledger,
    rates: createMemoryRateStore(clock),
    budgets: createSqliteBudgetStore(db),

    check: async () => {
      db.prepare('SELECT 1 FROM accounts LIMIT 1').get();
    },
    close: async () => {
      await ledger.close();
      close();
    },
  };
}
