import { setTimeout as wait } from 'node:timers/promises';
import type { Drill } from '../drill.ts';
import { load, REPO, REPO_HOLDS } from '../load.ts';
import { createAccount, startGateway, usedBy } from '../processes.ts';
import { tallyOf } from '../tally.ts';

export const upstreamDown: Drill = {
  name: 'upstream-down',
  promise: 'while Bitbucket is down every call is refused in time and given back; then all is as before',
  run: async (ground, isShort) => {
    const downMs = isShort ? 3_000 : 60_000;
    const account = await createAccount(ground, 'drill');
    const gateway = await startGateway(ground);
    const loading = load({
      ...account,
      account: account.name,
      holds: REPO_HOLDS,
      urlOf: () => gateway.url + REPO,
      calls: (2_000 + downMs) / 20,
      perSecond: 50,
    });
    await wait(1_000);
    ground.standIn.fault('/', (request) => request.socket.destroy(), Number.POSITIVE_INFINITY);
    await wait(downMs);
    ground.standIn.reset();
    const backAtMs = performance.now();
    const answers = await loading;
    const recovered = answers.find(({ startedAtMs, isRight }) => startedAtMs > backAtMs && isRight);
    const rssMb = gateway.rssMb();
    gateway.kill('SIGTERM');
    await gateway.exited;
    return tallyOf({
      answers,
      allowed: ['upstream_failed', 'upstream_timeout', 'exits_exhausted'],
      used: await usedBy(ground, account.name),
      rssMb,
      recoveredMs: (recovered?.startedAtMs ?? Number.POSITIVE_INFINITY) - backAtMs,
    });
  },
};
