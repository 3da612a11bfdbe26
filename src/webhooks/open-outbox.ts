import type { Backend } from '../store/backend.ts';
import type { Outbox } from './outbox.ts';
import { createRedisOutbox } from './outbox-redis.ts';
import { createSqliteOutbox } from './outbox-sqlite.ts';

/** Events on their way, over whichever store was opened. */
export const openOutbox = (backend: Backend): Outbox =>
  backend.kind === 'sqlite' ? createSqliteOutbox(backend) : createRedisOutbox(backend);
