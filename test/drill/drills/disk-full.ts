import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { Drill } from '../drill.ts';
import { load, REPO, REPO_HOLDS } from '../load.ts';
import { createAccount, startGateway, usedBy } from '../processes.ts';
import { tallyOf } from '../tally.ts';

export const diskFull: Drill = {
  name: 'disk-full',
  promise: 'a full disk refuses what it cannot count, and forgets nothing that was admitted',
  run: async (ground) => {
    const folder = join(ground.folder, 'full');
    mkdirSync(folder);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', folder]);
    ground.atEnd(() => execFileSync('umount', ['-l', folder]));
    const settings = { STORE_URL: `sqlite:${join(folder, 'gateway.db')}` };
    const account = await createAccount(ground, 'drill', undefined, settings);
    const gateway = await startGateway(ground, settings);
    const loading = load({
      ...account,
      account: account.name,
      holds: REPO_HOLDS,
      urlOf: () => gateway.url + REPO,
      calls: 1_000,
      perSecond: 200,
    });
    await wait(1_000);
    const filler = join(folder, 'filler');
    fill(filler);
    await wait(2_000);
    rmSync(filler);
    const freedAtMs = performance.now();
    const answers = await loading;
    const recovered = answers.find(({ startedAtMs, isRight }) => startedAtMs > freedAtMs && isRight);
    const rssMb = gateway.rssMb();
    gateway.kill('SIGTERM');
    await gateway.exited;
    return tallyOf({
      answers,
      allowed: ['store_unavailable'],
      used: await usedBy(ground, account.name, settings),
      rssMb,
      recoveredMs: (recovered?.startedAtMs ?? Number.POSITIVE_INFINITY) - freedAtMs,
    });
  },
};

/** Writes until nothing more goes in. */
function fill(path: string): void {
  const file = openSync(path, 'w');
  try {
    for (const size of [65_536, 4_096, 512]) {
      try {
        for (;;) writeSync(file, Buffer.alloc(size));
      } catch {
        // Full for pieces of this size.
      }
    }
  } finally {
    closeSync(file);
  }
}
