import { setTimeout as wait } from 'node:timers/promises';
import { Redis } from 'ioredis';
import { startRedis } from '../../store/redis-server.ts';
import type { Drill } from '../drill.ts';
import { load, REPO, REPO_HOLDS } from '../load.ts';
import { createAccount, startGateway, until, usedBy } from '../processes.ts';
import { createRelay } from '../relay.ts';
import { isCharged, tallyOf } from '../tally.ts';

const portOf = (url: string) => Number(new URL(url).port);

export const redisFailover: Drill = {
  name: 'redis-failover',
  promise:
    'a Redis that falls silent and is replaced behind its name is left within 3 s, nothing charged twice',
  run: async (ground) => {
    const [primary, replica] = [await startRedis(), await startRedis()];
    ground.atEnd(() => Promise.all([primary.stop(), replica.stop()]));
    const admin = new Redis(replica.url);
    ground.atEnd(() => admin.disconnect());
    await admin.replicaof('127.0.0.1', String(portOf(primary.url)));
    await until(10_000, 'the replica follows', async () =>
      (await admin.info('replication')).includes('master_link_status:up'),
    );
    const name = await createRelay(portOf(primary.url));
    ground.atEnd(() => name.close());
    const settings = { STORE_URL: `redis://127.0.0.1:${name.port}` };
    const account = await createAccount(ground, 'drill', undefined, settings);
    const gateway = await startGateway(ground, settings);
    const loading = load({
      ...account,
      account: account.name,
      holds: REPO_HOLDS,
      urlOf: () => gateway.url + REPO,
      calls: 600,
      perSecond: 100,
    });
    await wait(1_000);
    // As a machine that is gone: its sockets stay and say nothing.
    primary.pause();
    await admin.replicaof('NO', 'ONE');
    name.point(portOf(replica.url));
    const failedAtMs = performance.now();
    const answers = await loading;
    primary.resume();
    const refusals = answers.filter(({ code }) => code === 'store_unavailable');
    const lastRefusalMs = Math.max(failedAtMs, ...refusals.map(({ endedAtMs }) => endedAtMs));
    const charged = answers.filter(isCharged).length;
    let used = 0;
    await until(10_000, 'the store has heard of every call', async () => {
      used = await usedBy(ground, account.name, settings);
      return used >= charged;
    }).catch(() => {});
    const recoveredMs = lastRefusalMs - failedAtMs;
    return tallyOf({
      answers,
      allowed: ['store_unavailable'],
      used,
      rssMb: gateway.rssMb(),
      recoveredMs,
      remarks: recoveredMs > 3_000 ? ['the old primary was not left within 3 s'] : [],
    });
  },
};
