import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../src/domain/clock.ts';
import { EXITS } from '../../src/domain/usage.ts';
import type { Backend } from '../../src/store/backend.ts';
import { openUsageStore } from '../../src/usage/open-usage-store.ts';
import { createTrafficBudget } from '../../src/usage/traffic-budget.ts';
import { createUsage } from '../../src/usage/usage.ts';
import type { UsageStore } from '../../src/usage/usage-store.ts';
import { attemptEnded, silentLog } from '../admin/fakes.ts';
import { storeKinds } from '../store/backends.ts';
import { createVirtualClock } from '../virtual-clock.ts';

vi.setConfig({ testTimeout: 120_000 });

const folder = mkdtempSync(join(tmpdir(), 'source-budget-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** So many answers a second has each gateway. */
const ANSWERS = 100;
const LIMIT = 1e9;

describe.each(storeKinds(join(folder, 'gateway.db')))('an entry’s GB, counted in $name', (kind) => {
  beforeAll(kind.start);
  afterAll(kind.stop);
  const test = it.runIf(kind.canRun);

  /** Gateways under one virtual clock, over one store, that send through an entry while they may. */
  async function fleet(bytesPerSecond: number) {
    const answerBytes = bytesPerSecond / ANSWERS;
    const source = `p${bytesPerSecond}`;
    const clock = createVirtualClock();
    const sent = { bytes: 0, stoppedAt: [] as number[] };
    const asking = { count: 0 };
    const waits =
      <Args extends unknown[], Result>(work: (...args: Args) => Promise<Result>) =>
      async (...args: Args) => {
        asking.count += 1;
        return work(...args).finally(() => {
          asking.count -= 1;
        });
      };
    const start = async () => {
      const backend: Backend = await kind.open(systemClock);
      const kept = openUsageStore(backend);
      const store: UsageStore = { add: waits(kept.add), read: waits(kept.read) };
      const usage = createUsage({ store, clock, log: silentLog });
      let isStopped = false;
      const budget = createTrafficBudget({
        limitGb: null,
        terms: () => new Map([[source, { pricePerGb: null, gbPerMonth: LIMIT / 1e9 }]]),
        tell: usage.tell,
        read: (month) => usage.read(EXITS, month),
        stopSources: (sources) => {
          isStopped = sources.has(source);
          if (isStopped) sent.stoppedAt.push(sent.bytes);
        },
        clock,
        log: silentLog,
      });
      await budget.ready();
      return {
        backend,
        usage,
        budget,
        get isStopped() {
          return isStopped;
        },
        send: () => {
          if (isStopped) return;
          const attempt = attemptEnded({ source, bytesUp: 400, bytesDown: answerBytes - 400 });
          usage.telemetry.attemptEnded(attempt);
          budget.telemetry.attemptEnded(attempt);
          sent.bytes += answerBytes;
        },
      };
    };
    const gateways = [await start(), await start()];
    const step = async () => {
      for (const gateway of gateways) gateway.send();
      await clock.pass(1_000 / ANSWERS);
      do await turn();
      while (asking.count > 0);
    };
    /** It ends well, or is killed and forgets what it did not tell. */
    const end = async (index: number, how: 'closed' | 'killed') => {
      const gateway = gateways[index];
      gateway?.budget.close();
      if (how === 'closed') await gateway?.usage.close();
      await gateway?.backend.close();
    };
    const restart = async (index: number, how: 'closed' | 'killed') => {
      await end(index, how);
      gateways[index] = await start();
    };
    return { gateways, sent, step, restart, end };
  }

  test.each([
    ['at 4 MB a second each, over a restart and a crash', 4e6, 'killed'],
    ['at 40 MB a second each, over two restarts', 40e6, 'closed'],
  ] as const)('stops it within 1 %% and no byte before, %s', async (_words, bytesPerSecond, how) => {
    const { gateways, sent, step, restart, end } = await fleet(bytesPerSecond);
    const until = async (bytes: number) => {
      while (sent.bytes < bytes) await step();
    };
    await until(0.4 * LIMIT);
    await restart(0, 'closed');
    await until(0.7 * LIMIT);
    await restart(1, how);
    expect(sent.stoppedAt).toEqual([]);
    for (let steps = 0; !gateways.every(({ isStopped }) => isStopped) && steps < 10_000; steps += 1)
      await step();
    expect(Math.min(...sent.stoppedAt)).toBeGreaterThanOrEqual(LIMIT);
    expect(sent.bytes).toBeLessThanOrEqual(1.01 * LIMIT);
    const total = sent.bytes;
    for (let i = 0; i < 500; i += 1) await step();
    // Whoever starts now knows it from the beginning.
    await restart(0, 'closed');
    expect(gateways[0]?.isStopped).toBe(true);
    for (let i = 0; i < 500; i += 1) await step();
    expect(sent.bytes).toBe(total);
    for (const index of [0, 1]) await end(index, 'closed');
  });
});
