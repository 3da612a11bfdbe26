import type { Clock } from '../../src/domain/clock.ts';
import type { Backend, Role } from '../../src/store/backend.ts';
import { openBackend } from '../../src/store/open-backend.ts';
import { hasRedis, type RedisServer, startRedis } from './redis-server.ts';

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** One kind of store, opened as often as a test likes: each opening stands for a gateway or tool of its own. */
export interface StoreKind {
  readonly name: 'SQLite' | 'Redis';
  /** False where the machine has no such server; in CI it must. */
  readonly canRun: boolean;
  start(): Promise<void>;
  open(clock: Clock, role?: Role): Promise<Backend>;
  stop(): Promise<void>;
}

/** A suite over every kind of store: what holds for one holds for all. `file` is a path for SQLite's. */
export function storeKinds(file: string): readonly StoreKind[] {
  let redis: RedisServer | undefined;
  const open =
    (url: string) =>
    (clock: Clock, role: Role = 'tool') =>
      openBackend(url, { role, clock, log: silent });
  return [
    {
      name: 'SQLite',
      canRun: true,
      start: async () => {},
      open: open(`sqlite:${file}`),
      stop: async () => {},
    },
    {
      name: 'Redis',
      canRun: hasRedis,
      start: async () => {
        redis = await startRedis();
      },
      open: (clock, role) => open(redis?.url ?? '')(clock, role),
      stop: async () => redis?.stop(),
    },
  ];
}
