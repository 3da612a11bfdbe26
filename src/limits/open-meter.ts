import type { Backend } from '../store/backend.ts';
import { createRedisFleet } from './fleet-redis.ts';
import type { KeptMeter } from './meter.ts';
import { createSharedMeter } from './meter-redis.ts';
import { createSqliteMeter, limitsMigrations } from './meter-sqlite.ts';
import type { UsageRecords } from './usage.ts';
import { createRedisUsage } from './usage-redis.ts';
import { createSqliteUsage } from './usage-sqlite.ts';

/** The meter of a gateway over an opened store. Throws `StoreError` where its tables cannot be used. */
export function openMeter(backend: Backend): KeptMeter {
  if (backend.kind === 'redis') return createSharedMeter({ ...backend, fleet: createRedisFleet(backend) });
  backend.prepare(limitsMigrations);
  return createSqliteMeter(backend);
}

/** The months of an opened store, for tools. Throws `StoreError` where its tables cannot be used. */
export function openUsage(backend: Backend): UsageRecords {
  if (backend.kind === 'redis') return createRedisUsage(backend);
  backend.prepare(limitsMigrations);
  return createSqliteUsage(backend);
}
