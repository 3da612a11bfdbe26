import { setTimeout as wait } from 'node:timers/promises';
import type { Drill } from '../drill.ts';
import { load, REPO, REPO_HOLDS } from '../load.ts';
import { createAccount, startGateway, usedBy } from '../processes.ts';
import { tallyOf } from '../tally.ts';

/** What a crash may cost an account on SQLite: one block of leased calls. */
const BLOCK = 100;

export const gatewayKilled: Drill = {
  name: 'gateway-killed',
  promise: 'kill -9 of the gateway under load forgets no call and costs one block of leased ones at most',
  run: async (ground, isShort) => {
    const account = await createAccount(ground, 'drill');
    const first = await startGateway(ground);
    const settings = { PORT: String(first.port) };
    const kills = isShort ? 1 : 5;
    const loading = load({
      ...account,
      account: account.name,
      holds: REPO_HOLDS,
      urlOf: () => first.url + REPO,
      calls: kills * 300,
      perSecond: 100,
    });
    const away: { fromMs: number; toMs: number }[] = [];
    let running = first;
    for (let i = 0; i < kills; i += 1) {
      await wait(1_000);
      const fromMs = performance.now();
      running.kill('SIGKILL');
      await running.exited;
      running = await startGateway(ground, settings);
      away.push({ fromMs, toMs: performance.now() });
    }
    const answers = await loading;
    const rssMb = running.rssMb();
    running.kill('SIGTERM');
    await running.exited;
    return tallyOf({
      answers,
      allowed: [],
      mayBeCut: ({ startedAtMs, endedAtMs }) =>
        away.some(({ fromMs, toMs }) => startedAtMs <= toMs && endedAtMs >= fromMs),
      used: await usedBy(ground, account.name),
      mayOvercount: kills * BLOCK,
      rssMb,
      recoveredMs: Math.max(...away.map(({ fromMs, toMs }) => toMs - fromMs)),
    });
  },
};
