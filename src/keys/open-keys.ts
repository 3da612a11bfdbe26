import type { Backend } from '../store/backend.ts';
import type { KeyStore } from './key-store.ts';
import { createCachedKeyStore } from './key-store-cached.ts';
import { createRedisKeyStore } from './key-store-redis.ts';
import { createSqliteKeyStore } from './key-store-sqlite.ts';
import { prepareRegistry } from './migrate-redis.ts';
import { keysMigrations } from './migrations-sqlite.ts';
import type { Records } from './records.ts';
import { createRedisRecords } from './records-redis.ts';
import { createSqliteRecords } from './records-sqlite.ts';
import { createRegistry, type Registry } from './registry.ts';

/** Who may call, and the operator's side of it. */
export interface KeysRoom {
  readonly keys: KeyStore;
  readonly registry: Registry;
  readonly records: Records;
}

/**
 * Opens the room over the store. What an earlier version wrote is brought forward where the role may. Rejects with
 * `StoreError` where it may not, or when a newer program was here.
 */
export async function openKeys(backend: Backend): Promise<KeysRoom> {
  const { store, records } = await openOver(backend);
  const keys = createCachedKeyStore(store, backend.clock);
  // What the registry changes is seen by this process at once, by others when they look again.
  return { keys, records, registry: createRegistry(records, keys.forget) };
}

async function openOver(backend: Backend): Promise<{ readonly store: KeyStore; readonly records: Records }> {
  if (backend.kind === 'sqlite') {
    backend.prepare(keysMigrations);
    return { store: createSqliteKeyStore(backend), records: createSqliteRecords(backend) };
  }
  await prepareRegistry(backend);
  return { store: createRedisKeyStore(backend), records: createRedisRecords(backend) };
}
