import { execFileSync } from 'node:child_process';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Account } from '../../src/domain/account.ts';
import { createKey } from '../../src/keys/key.ts';
import { openStores, type Stores } from '../../src/open-stores.ts';
import { createTestClock, type TestClock } from '../gateway.ts';
import { hasRedis, type RedisServer, startRedis } from './redis-server.ts';

const log = { debug() {}, info() {}, warn() {}, error() {} };
const NOW = Date.parse('2026-06-15T12:00:00Z');

describe.skipIf(!hasRedis)('a cluster of three', () => {
  let nodes: RedisServer[];
  let stores: Stores;
  let clock: TestClock;

  beforeAll(async () => {
    const settings = ['--appendonly', 'yes', '--cluster-enabled', 'yes', '--cluster-node-timeout', '60000'];
    nodes = await Promise.all([1, 2, 3].map(() => startRedis(settings)));
    const hosts = nodes.map(({ url }) => url.replace('redis://', ''));
    execFileSync('redis-cli', ['--cluster', 'create', ...hosts, '--cluster-yes']);
    clock = createTestClock();
    const first = new URL(nodes[0]?.url ?? '').port;
    while (!execFileSync('redis-cli', ['-p', first, 'cluster', 'info']).includes('cluster_state:ok')) {
      await setTimeout(20);
    }
    stores = await openStores(`${nodes[0]?.url}?cluster=1`, { role: 'gateway', clock, log });
  });
  afterAll(async () => {
    await stores?.close();
    for (const node of nodes ?? []) await node.stop();
  });

  const account = (id: string): Account => ({
    id,
    name: id,
    plan: 'free',
    overrides: { callsPerMonth: 5_000 },
    suspended: false,
    expiresAtMs: null,
  });

  it('keeps keys, the month, the second and budgets over all nodes', async () => {
    const key = createKey('live');
    const { account: made } = await stores.registry.create(
      { name: 'one', plan: 'pro', overrides: {}, expiresAtMs: null },
      key,
      NOW,
    );
    expect((await stores.keys.find(key.hash, NOW))?.account).toEqual(made);
    for (let i = 0; i < 12; i += 1) {
      const subject = account(`spread-${i}`);
      expect(await stores.ledger.spend(subject, NOW)).not.toBeNull();
      expect((await stores.ledger.read(subject, NOW)).remaining).toBe(4_999);
      expect((await stores.rates.admit(subject.id, 1)).admitted).toBe(true);
      expect((await stores.rates.admit(subject.id, 1)).admitted).toBe(false);
      const lease = (leaseId: string) =>
        stores.budgets.lease({ exitId: `exit-${i}`, leaseId, limit: 1, calls: 5 }, []);
      expect((await lease('one')).calls).toBe(1);
      expect((await lease('two')).calls).toBe(0);
    }
  });

  it('goes on with known accounts while a node is lost, with a verdict at once, and forgets nothing', async () => {
    const subjects = Array.from({ length: 12 }, (_, i) => account(`lost-${i}`));
    for (const subject of subjects) await stores.ledger.spend(subject, NOW);
    await nodes[2]?.kill();
    for (const subject of subjects) {
      const startedAtMs = performance.now();
      expect(await stores.ledger.spend(subject, NOW)).not.toBeNull();
      expect(performance.now() - startedAtMs).toBeLessThan(90);
    }
    await nodes[2]?.restart();
    const used = async () => {
      clock.pass(300);
      for (const subject of subjects) await stores.ledger.spend(subject, NOW);
      const usage = await stores.ledger.usage().catch(() => []);
      const known = subjects.map(
        async (subject) => 5_000 - (await stores.ledger.read(subject, NOW)).remaining,
      );
      return {
        kept: usage.filter(({ accountId }) => accountId.startsWith('lost-')).map(({ used }) => used),
        known: await Promise.all(known),
      };
    };
    let seen = await used();
    const caughtUp = () => seen.kept.length === 12 && seen.kept.every((count) => count === seen.known[0]);
    for (let round = 3; !caughtUp() && round < 100; round += 1) {
      await setTimeout(100);
      seen = await used();
      expect(new Set(seen.known).size, 'every account made the same number of calls').toBe(1);
    }
    expect(caughtUp()).toBe(true);
  });
});
