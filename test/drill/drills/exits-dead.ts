import { setTimeout as wait } from 'node:timers/promises';
import { createConnectProxy } from '../../bitbucket/connect-proxy.ts';
import type { Drill } from '../drill.ts';
import { load, REPO, REPO_HOLDS } from '../load.ts';
import { createAccount, startGateway, usedBy } from '../processes.ts';
import { createRelay } from '../relay.ts';
import { tallyOf } from '../tally.ts';

export const exitsDead: Drill = {
  name: 'exits-dead',
  promise: 'with every exit dead calls get 503 and a time; when exits are back so are the answers',
  run: async (ground, isShort) => {
    const relays = await Promise.all(
      [1, 2, 3, 4, 5, 6].map(async (n) => {
        const proxy = await createConnectProxy({ leavesFrom: () => `127.77.0.${n}` });
        const relay = await createRelay(proxy.port);
        ground.atEnd(() => Promise.all([relay.close(), proxy.close()]));
        return relay;
      }),
    );
    const account = await createAccount(ground, 'drill');
    const gateway = await startGateway(ground, {
      PROXY_URLS: relays.map(({ port }) => `http://127.0.0.1:${port}`).join(' '),
    });
    const deadMs = isShort ? 2_000 : 20_000;
    const loading = load({
      ...account,
      account: account.name,
      holds: REPO_HOLDS,
      urlOf: () => gateway.url + REPO,
      calls: (6_000 + deadMs) / 20,
      perSecond: 50,
    });
    await wait(1_000);
    for (const relay of relays) relay.shut();
    await wait(deadMs);
    for (const relay of relays) relay.open();
    const backAtMs = performance.now();
    const answers = await loading;
    const recovered = answers.find(({ startedAtMs, isRight }) => startedAtMs > backAtMs && isRight);
    const silent = answers.filter(
      ({ code, retryAfter }) => code === 'exits_exhausted' && retryAfter === undefined,
    );
    const rssMb = gateway.rssMb();
    gateway.kill('SIGTERM');
    await gateway.exited;
    return tallyOf({
      answers,
      // A tunnel that breaks under a call is Bitbucket's side of it: 502.
      allowed: ['exits_exhausted', 'upstream_failed'],
      used: await usedBy(ground, account.name),
      rssMb,
      recoveredMs: (recovered?.startedAtMs ?? Number.POSITIVE_INFINITY) - backAtMs,
      remarks: silent.length === 0 ? [] : [`${silent.length} refusals without Retry-After`],
    });
  },
};
