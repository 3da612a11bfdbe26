import { setTimeout as wait } from 'node:timers/promises';
import { startRedis } from '../../store/redis-server.ts';
import type { Drill } from '../drill.ts';
import { load, REPO, REPO_HOLDS } from '../load.ts';
import { createAccount, startGateway, until, usedBy } from '../processes.ts';
import { isCharged, tallyOf } from '../tally.ts';

export const redisKilled: Drill = {
  name: 'redis-killed',
  promise:
    'kill -9 of Redis under load: known accounts go on within the grant, and every call is counted once',
  run: async (ground, isShort) => {
    const redis = await startRedis();
    ground.atEnd(() => redis.stop());
    const settings = { STORE_URL: redis.url };
    const account = await createAccount(ground, 'drill', undefined, settings);
    const gateways = [await startGateway(ground, settings), await startGateway(ground, settings)];
    const awayMs = isShort ? 1_000 : 5_000;
    const loading = load({
      ...account,
      account: account.name,
      holds: REPO_HOLDS,
      urlOf: (i) => `${gateways[i % 2]?.url}${REPO}`,
      calls: (2_500 + awayMs) / 10,
      perSecond: 100,
    });
    await wait(1_000);
    await redis.kill();
    await wait(awayMs);
    await redis.restart();
    const backAtMs = performance.now();
    const answers = await loading;
    const charged = answers.filter(isCharged).length;
    const recovered = answers.find(({ startedAtMs, isRight }) => startedAtMs > backAtMs && isRight);
    let used = 0;
    await until(10_000, 'the store has heard of every call', async () => {
      used = await usedBy(ground, account.name, settings);
      return used >= charged;
    }).catch(() => {});
    return tallyOf({
      answers,
      allowed: ['store_unavailable'],
      used,
      rssMb: Math.max(...gateways.map((gateway) => gateway.rssMb())),
      recoveredMs: (recovered?.startedAtMs ?? Number.POSITIVE_INFINITY) - backAtMs,
    });
  },
};
