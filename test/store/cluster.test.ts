import { execFileSync } from 'node:child_process';
import { setTimeout } from 'node:timers/promises';
import { Cluster } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createKey } from '../../src/keys/key.ts';
import { openStores, type Stores } from '../../src/open-stores.ts';
import { slotOf } from '../../src/store/key-slot.ts';
import { followAudit } from '../../src/webhooks/follow.ts';
import { openOutbox } from '../../src/webhooks/open-outbox.ts';
import { auditTrailOf } from '../../src/webhooks-side.ts';
import { createTestClock } from '../gateway.ts';
import { accountWith, call } from '../limits/spend.ts';
import { hasRedis, type RedisServer, startRedis } from './redis-server.ts';

const log = { debug() {}, info() {}, warn() {}, error() {} };
const NOW = Date.parse('2026-06-15T12:00:00Z');

describe.skipIf(!hasRedis)('a cluster of three', () => {
  let nodes: RedisServer[];
  let stores: Stores;

  beforeAll(async () => {
    const settings = ['--appendonly', 'yes', '--cluster-enabled', 'yes', '--cluster-node-timeout', '60000'];
    nodes = await Promise.all([1, 2, 3].map(() => startRedis(settings)));
    const hosts = nodes.map(({ url }) => url.replace('redis://', ''));
    execFileSync('redis-cli', ['--cluster', 'create', ...hosts, '--cluster-yes']);
    const first = new URL(nodes[0]?.url ?? '').port;
    while (!execFileSync('redis-cli', ['-p', first, 'cluster', 'info']).includes('cluster_state:ok')) {
      await setTimeout(20);
    }
    stores = await openStores(`${nodes[0]?.url}?cluster=1`, {
      role: 'gateway',
      clock: createTestClock(),
      log,
    });
  });
  afterAll(async () => {
    await stores?.close();
    for (const node of nodes ?? []) await node.stop();
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
      const subject = accountWith(5_000, 1, `spread-${i}`);
      expect(await call(stores.meter, subject)).toBe('granted');
      expect((await stores.meter.read(subject))?.quota.remaining).toBe(4_999);
      expect(await call(stores.meter, subject)).toBe('rate');
      const lease = (leaseId: string) =>
        stores.budgets.lease({ exitId: `exit-${i}`, leaseId, limit: 1, calls: 5 }, []);
      expect((await lease('one')).calls).toBe(1);
      expect((await lease('two')).calls).toBe(0);
    }
  });

  it('keeps webhooks and what follows the audit in the slot of the audit', async () => {
    const outbox = openOutbox(stores.backend);
    const trail = auditTrailOf(stores.records);
    await followAudit(outbox, trail);
    const terms = { plan: 'pro', overrides: {}, expiresAtMs: null } as const;
    const made = [];
    for (const name of ['hooks-1', 'hooks-2', 'hooks-3'])
      made.push(await stores.registry.create({ name, ...terms }, createKey('live'), NOW));
    await followAudit(outbox, trail);
    const held = await outbox.hold(10);
    expect(held.map(({ accountId }) => accountId).sort()).toEqual(
      made.map(({ account }) => account.id).sort(),
    );
    for (const [i, event] of held.entries()) {
      if (i === 0) await outbox.putBack(event, 60_000, { failures: 1, waitedMs: 60_000 });
      else await outbox.remove(event);
    }
    expect([await outbox.hold(10), (await outbox.backlog()).pending]).toEqual([[], 1]);
  });

  it('goes on with known accounts while a node is lost, without touching the others, and forgets nothing', async () => {
    const subjects = Array.from({ length: 12 }, (_, i) => accountWith(5_000, 1_000, `lost-${i}`));
    const served = new Map(subjects.map((subject) => [subject, 0]));
    const callAll = async () => {
      for (const subject of subjects)
        if ((await call(stores.meter, subject)) === 'granted')
          served.set(subject, (served.get(subject) ?? 0) + 1);
    };
    await callAll();
    expect([...served.values()]).toEqual(subjects.map(() => 1));
    const lost = nodes[2] as RedisServer;
    const isLost = ({ id }: { readonly id: string }) => ownerOf(id) === new URL(lost.url).port;
    expect(subjects.some(isLost) && !subjects.every(isLost)).toBe(true);
    lost.pause();
    await callAll();
    // Those of the lost node by their grant; a wall would have been hit by the others long ago.
    for (let round = 0; round < 12; round += 1) await callAll();
    for (const subject of subjects) expect(served.get(subject)).toBe(isLost(subject) ? 11 : 14);
    lost.resume();
    await expect
      .poll(
        async () => (await stores.usage.list()).filter(({ accountId }) => accountId.startsWith('lost-')),
        {
          timeout: 15_000,
        },
      )
      .toEqual(
        expect.arrayContaining(
          subjects.map((subject) =>
            expect.objectContaining({ accountId: subject.id, used: served.get(subject) }),
          ),
        ),
      );
  });

  /** The port of the node that has an account. */
  function ownerOf(id: string): string {
    const { backend } = stores;
    if (backend.kind !== 'redis' || !(backend.client instanceof Cluster)) throw new Error('no cluster');
    return backend.client.slots[slotOf(`{${id}}`)]?.[0]?.split(':')[1] ?? '';
  }

  it('a key is in the slot that the server says', () => {
    for (const key of ['a', '{b}c', 'gateway:rate:{acct_X}', '{}', 'x{}y', 'ü', 'a{b{c}}d']) {
      const said = execFileSync('redis-cli', [
        '-p',
        new URL(nodes[0]?.url ?? '').port,
        'cluster',
        'keyslot',
        key,
      ]);
      expect(slotOf(key)).toBe(Number(said));
    }
  });
});
