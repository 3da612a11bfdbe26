import type { Backend } from '../store/backend.ts';
import type { CallStore } from './call-store.ts';
import { createRedisCallStore } from './call-store-redis.ts';
import { createSqliteCallStore } from './call-store-sqlite.ts';

/** Some 600 bytes each: 600 MB of a file, 120 MB of a server's memory. */
const MAX_CALLS = { sqlite: 1_000_000, redis: 200_000 } as const;

/** The ring of calls, over whichever store was opened. */
export const openCallStore = (backend: Backend, keptDays: number): CallStore =>
  backend.kind === 'sqlite'
    ? createSqliteCallStore(backend, { keptDays, maxCalls: MAX_CALLS.sqlite })
    : createRedisCallStore(backend, { keptDays, maxCalls: MAX_CALLS.redis });
