import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe } from 'vitest';
import type { NewAccount } from '../../src/keys/terms.ts';
import { openStores, type Stores } from '../../src/open-stores.ts';
import { createTestClock, type TestClock } from '../gateway.ts';
import { hasRedis, type RedisServer, startRedis } from '../store/redis-server.ts';

export const NOW = Date.parse('2026-06-15T12:00:00Z');
const log = { debug() {}, info() {}, warn() {}, error() {} };

let count = 0;
/** A name that no other test of the file uses. */
export function newName(): string {
  count += 1;
  return `account-${count}`;
}

export const terms = (more: Partial<NewAccount> = {}): NewAccount => ({
  name: newName(),
  plan: 'pro',
  overrides: {},
  expiresAtMs: null,
  ...more,
});

export interface Place {
  readonly kind: 'sqlite' | 'redis';
  /** Of a store for this file's tests. */
  readonly url: () => string;
  open(clock?: TestClock): Promise<Stores>;
}

/** The same suite over a SQLite file and a Redis of its own. */
export function describeStores(title: string, suite: (place: Place) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'keys-'));
  let redis: RedisServer;
  beforeAll(async () => {
    if (hasRedis) redis = await startRedis();
  });
  afterAll(async () => {
    await redis?.stop();
    rmSync(folder, { recursive: true, force: true });
  });
  const urls = { sqlite: () => `sqlite:${join(folder, 'store.db')}`, redis: () => redis.url };
  for (const kind of ['sqlite', 'redis'] as const) {
    describe.skipIf(kind === 'redis' && !hasRedis)(`${title} on ${kind}`, () => {
      const url = urls[kind];
      suite({
        kind,
        url,
        open: (clock = createTestClock()) => openStores(url(), { role: 'tool', clock, log }),
      });
    });
  }
}
