import type { Backend } from '../store/backend.ts';
import type { UsageStore } from './usage-store.ts';
import { createRedisUsageStore } from './usage-store-redis.ts';
import { createSqliteUsageStore } from './usage-store-sqlite.ts';

/** What was used, over whichever store was opened. */
export const openUsageStore = (backend: Backend): UsageStore =>
  backend.kind === 'sqlite' ? createSqliteUsageStore(backend) : createRedisUsageStore(backend);
