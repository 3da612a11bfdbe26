import { setTimeout as wait } from 'node:timers/promises';
import { startRedis } from '../../store/redis-server.ts';
import type { Drill } from '../drill.ts';
import { load, REPO, REPO_HOLDS } from '../load.ts';
import { createAccount, type GatewayProcess, startGateway, usedBy } from '../processes.ts';
import { createRelay } from '../relay.ts';
import { tallyOf } from '../tally.ts';

/** How often the balancer asks who is ready, ms. */
const CHECK_MS = 100;

export const rollingRestart: Drill = {
  name: 'rolling-restart',
  promise: 'two gateways restarted one after the other behind a balancer: no call is lost or refused',
  run: async (ground, isShort) => {
    const redis = await startRedis();
    ground.atEnd(() => redis.stop());
    const settings = { STORE_URL: redis.url, DRAIN_DELAY_MS: '2000' };
    const account = await createAccount(ground, 'drill', undefined, settings);
    const gateways = [await startGateway(ground, settings), await startGateway(ground, settings)];
    const balancer = await createBalancer(gateways);
    ground.atEnd(balancer.close);
    const rounds = isShort ? 1 : 3;
    const loading = load({
      ...account,
      account: account.name,
      holds: REPO_HOLDS,
      urlOf: () => `http://127.0.0.1:${balancer.port}${REPO}`,
      calls: rounds * 600,
      perSecond: 100,
    });
    let slowestMs = 0;
    for (let i = 0; i < rounds * 2; i += 1) {
      await wait(500);
      const old = gateways[i % 2] as GatewayProcess;
      const startedAtMs = performance.now();
      old.kill('SIGTERM');
      await old.exited;
      gateways[i % 2] = await startGateway(ground, { ...settings, PORT: String(old.port) });
      slowestMs = Math.max(slowestMs, performance.now() - startedAtMs);
    }
    const answers = await loading;
    return tallyOf({
      answers,
      allowed: [],
      used: await usedBy(ground, account.name, settings),
      rssMb: Math.max(...gateways.map((gateway) => gateway.rssMb())),
      recoveredMs: slowestMs,
    });
  },
};

/** Sends each new connection to a gateway that says it is ready. */
async function createBalancer(gateways: readonly GatewayProcess[]) {
  const ready = new Set(gateways.map(({ port }) => port));
  let turn = 0;
  const check = setInterval(() => {
    for (const { port, url } of gateways) {
      fetch(`${url}/readyz`, { signal: AbortSignal.timeout(1_000) }).then(
        (response) => (response.ok ? ready.add(port) : ready.delete(port)),
        () => ready.delete(port),
      );
    }
  }, CHECK_MS);
  const relay = await createRelay(() => {
    turn += 1;
    const ports = [...ready];
    return ports[turn % ports.length] ?? gateways[0]?.port ?? 0;
  });
  return {
    port: relay.port,
    close: async () => {
      clearInterval(check);
      await relay.close();
    },
  };
}
