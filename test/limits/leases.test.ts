import fc from 'fast-check';
import { expect, it } from 'vitest';
import { blockOf, extend, take } from '../../src/limits/lease.ts';
import { createLeases } from '../../src/limits/leases.ts';
import type { Charge } from '../../src/limits/meter.ts';
import { limitsMigrations } from '../../src/limits/meter-sqlite.ts';
import type { SqliteBackend } from '../../src/store/backend.ts';
import { openBackend } from '../../src/store/open-backend.ts';
import { createVirtualClock } from '../virtual-clock.ts';

const log = { debug() {}, info() {}, warn() {}, error() {} };

async function openFile() {
  const clock = createVirtualClock();
  const backend = (await openBackend('sqlite::memory:', { role: 'gateway', clock, log })) as SqliteBackend;
  backend.prepare(limitsMigrations);
  /** Writes fail while it is true. */
  const disk = { isFull: false };
  const write: SqliteBackend['write'] = (work) =>
    backend.write(() => {
      const result = work();
      if (disk.isFull) throw new Error('full');
      return result;
    });
  const counted = (period: string) =>
    Number(backend.db.prepare('SELECT used FROM usage WHERE period = ?').get(period)?.used ?? 0);
  return { backend: { ...backend, write }, clock, disk, counted };
}

it('counts what was admitted over any order of calls, refunds, months, idle times, full disks, stops and crashes', async () => {
  const move = fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({ kind: fc.constant('call' as const), month: fc.integer({ min: 1, max: 2 }) }),
    },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('refund' as const), which: fc.nat() }) },
    {
      weight: 2,
      arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.constantFrom(600, 61_000) }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('disk' as const), isFull: fc.boolean() }) },
    { weight: 1, arbitrary: fc.constant({ kind: 'stop' as const }) },
    { weight: 1, arbitrary: fc.constant({ kind: 'crash' as const }) },
  );
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(3, 1_000, 100_000),
      fc.array(move, { maxLength: 60 }),
      async (quota, moves) => {
        const { backend, clock, disk, counted } = await openFile();
        let leases = createLeases(backend);
        const charges: Charge[] = [];
        const used: Record<string, number> = {};
        let crashes = 0;
        for (const m of moves) {
          if (m.kind === 'call') {
            const period = `2026-0${m.month}`;
            try {
              const lease = leases.open('a', period);
              const block = blockOf(lease, quota);
              if (block > 0) extend(lease, block, leases.count(lease, block));
              if (!take(lease, quota)) continue;
              used[period] = (used[period] ?? 0) + 1;
              charges.push({ accountId: 'a', period });
            } catch {
              expect(disk.isFull).toBe(true);
            }
          } else if (m.kind === 'refund') {
            const [charge] = charges.splice(m.which % Math.max(1, charges.length), 1);
            if (charge === undefined) continue;
            used[charge.period] = (used[charge.period] ?? 0) - 1;
            leases.giveBack(charge);
          } else if (m.kind === 'pass') {
            await clock.pass(m.ms);
            leases.tell();
          } else if (m.kind === 'disk') disk.isFull = m.isFull;
          else {
            disk.isFull = false;
            if (m.kind === 'stop') leases.close();
            else crashes += 1;
            leases = createLeases(backend);
          }
          for (const [period, n] of Object.entries(used)) {
            expect(counted(period)).toBeGreaterThanOrEqual(n);
            expect(n).toBeLessThanOrEqual(quota);
          }
        }
        disk.isFull = false;
        leases.close();
        if (crashes === 0) for (const [period, n] of Object.entries(used)) expect(counted(period)).toBe(n);
        await backend.close();
      },
    ),
  );
});

it('hands 3,000 leases back in one transaction', async () => {
  const { backend } = await openFile();
  let writes = 0;
  const write: SqliteBackend['write'] = (work) => {
    writes += 1;
    return backend.write(work);
  };
  const leases = createLeases({ ...backend, write });
  for (let i = 0; i < 3_000; i += 1) {
    const lease = leases.open(`a${i}`, '2026-06');
    extend(lease, 100, leases.count(lease, 100));
    take(lease, 100_000);
  }
  const total = () => Number(backend.db.prepare('SELECT sum(used) AS used FROM usage').get()?.used);
  expect(total()).toBe(300_000);
  writes = 0;
  leases.close();
  expect([writes, total()]).toEqual([1, 3_000]);
  await backend.close();
});

it('a crash after many refunds forgets no more than one block', async () => {
  const { backend, counted } = await openFile();
  const leases = createLeases(backend);
  const quota = 1_000;
  const charge = { accountId: 'a', period: '2026-01' };
  const call = () => {
    const lease = leases.open('a', '2026-01');
    const block = blockOf(lease, quota);
    if (block > 0) extend(lease, block, leases.count(lease, block));
    return take(lease, quota);
  };
  for (let i = 0; i < 50; i += 1) expect(call()).toBe(true);
  for (let i = 0; i < 40; i += 1) leases.giveBack(charge);
  leases.tell();
  expect(counted('2026-01')).toBe(12);
  for (let i = 0; i < 5; i += 1) expect(call()).toBe(true);
  expect(leases.used('a', '2026-01')).toBe(15);
  leases.close();
  expect(counted('2026-01')).toBe(15);
});
