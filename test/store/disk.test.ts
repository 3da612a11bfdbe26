import { spawnSync } from 'node:child_process';
import {
  appendFileSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/domain/clock.ts';
import type { KeptMeter } from '../../src/limits/meter.ts';
import { openMeter, openUsage } from '../../src/limits/open-meter.ts';
import type { Backend, Role } from '../../src/store/backend.ts';
import { openBackend } from '../../src/store/open-backend.ts';
import { accountWith, call, callFor, calls, tally, usedOf, type Verdict } from '../limits/spend.ts';

const log = { debug() {}, info() {}, warn() {}, error() {} };

/** Whether a small disk can be made here. CI must be able to: there the tests fail instead of being skipped. */
const canMount = process.env.CI !== undefined || tryMount();

function tryMount(): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'mount-'));
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder]).status === 0;
  if (mounted) spawnSync('umount', [folder]);
  else console.warn('SKIPPED: no tmpfs can be mounted here, so the tests of a full disk do not run');
  rmSync(folder, { recursive: true, force: true });
  return mounted;
}

let folder: string;
let opened: { readonly backend: Backend; readonly meter: KeptMeter }[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'disk-'));
  opened = [];
});
afterEach(async () => {
  for (const { meter, backend } of opened) {
    await meter.close();
    await backend.close();
  }
  rmSync(folder, { recursive: true, force: true });
});

const file = () => join(folder, 'gateway.db');
const openAs = (role: Role) => openBackend(`sqlite:${file()}`, { role, clock: systemClock, log });

async function open() {
  const backend = await openAs('gateway');
  const one = { backend, meter: openMeter(backend) };
  opened.push(one);
  return one;
}

/** What the file says was counted, leases included. */
function counted(): number {
  const db = new DatabaseSync(file(), { readOnly: true });
  const { used } = db.prepare('SELECT sum(used) AS used FROM usage').get() ?? {};
  db.close();
  return Number(used ?? 0);
}

/** Many accounts, so that the file is written with every other call. */
const spendOverAccounts = async (meter: KeptMeter, from: number, times: number) => {
  const verdicts: Verdict[] = [];
  for (let i = from; i < from + times; i += 1)
    verdicts.push(await call(meter, accountWith(100, 1_000, `a${i}-${'x'.repeat(200)}`)));
  return tally(verdicts);
};

describe.skipIf(!canMount)('a small disk', () => {
  beforeEach(() => {
    expect(spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', folder]).status).toBe(0);
  });
  afterEach(() => {
    spawnSync('umount', ['-l', folder]);
  });

  it('that is full: refused as store_unavailable, nothing admitted that is not counted, not ready', async () => {
    const { backend, meter } = await open();
    let admitted = 0;
    let refused = 0;
    for (let i = 0; refused === 0; i += 50) {
      const seen = await spendOverAccounts(meter, i, 50);
      expect(
        Object.keys(seen).filter((verdict) => !['granted', 'store_unavailable'].includes(verdict)),
      ).toEqual([]);
      admitted += seen.granted ?? 0;
      refused += seen.store_unavailable ?? 0;
      if (i === 100) fill();
    }
    expect(admitted).toBeGreaterThan(0);
    expect(counted()).toBeGreaterThanOrEqual(admitted);
    await expect(backend.check()).rejects.toMatchObject({ code: 'store_unavailable' });
    const { charge } = { charge: { accountId: `a0-${'x'.repeat(200)}`, period: '2020-01' } };
    expect(() => meter.refund(charge), 'a refund is kept').not.toThrow();

    rmSync(join(folder, 'ballast'));
    await expect(backend.check()).resolves.toBeUndefined();
    expect(await call(meter, accountWith(10))).toBe('granted');
  });

  it('that becomes read-only: the same, and again good when it can be written', async () => {
    const { backend, meter } = await open();
    const known = accountWith(100_000);
    expect(await call(meter, known)).toBe('granted');
    backend.kind === 'sqlite' && backend.db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    fill();
    expect(await call(meter, accountWith(10))).toBe('store_unavailable');
    expect(await call(meter, known), 'of the lease, which is counted').toBe('granted');
    expect(counted()).toBe(100);
  });

  it('in a folder that may only be read: the start is refused in one line, and a look still works', async () => {
    const { backend, meter } = await open();
    expect(await call(meter, accountWith(100))).toBe('granted');
    await meter.close();
    await backend.close();
    opened = [];
    expect(spawnSync('mount', ['-o', 'remount,ro', folder]).status).toBe(0);
    await expect(openAs('gateway')).rejects.toThrow(
      /^the SQLite store cannot be used \(read-only file system\)$/,
    );
    const look = await openAs('look');
    expect(await openUsage(look).list()).toHaveLength(1);
    await look.close();
    expect(spawnSync('mount', ['-o', 'remount,rw', folder]).status).toBe(0);
    const again = await open();
    expect(await call(again.meter, accountWith(100))).toBe('granted');
  });

  function fill() {
    const ballast = join(folder, 'ballast');
    for (const size of [65_536, 4_096, 512]) {
      try {
        for (;;) appendFileSync(ballast, Buffer.alloc(size));
      } catch {
        // Full, at this size.
      }
    }
  }
});

describe('the file', () => {
  it.each(['removed', 'replaced'])(
    '%s under a running gateway is noticed, and nothing is admitted',
    async (how) => {
      const { backend, meter } = await open();
      const known = accountWith(100_000);
      expect(await call(meter, known)).toBe('granted');
      renameSync(file(), join(folder, 'stolen.db'));
      if (how === 'replaced') copyFileSync(join(folder, 'stolen.db'), file());
      expect(await call(meter, accountWith(10)), 'a write looks at once').toBe('store_unavailable');
      await wait(110);
      expect(await call(meter, known)).toBe('store_unavailable');
      expect(await meter.read(accountWith(10))).toBeNull();
      await expect(backend.check()).rejects.toMatchObject({ code: 'store_unavailable' });
    },
  );

  it('that another process writes for long blocks the loop for a moment only, and refuses by its code', async () => {
    const { meter } = await open();
    const known = accountWith(100_000);
    await call(meter, known);
    const other = new DatabaseSync(file());
    other.exec('BEGIN IMMEDIATE');
    const blockedMs: number[] = [];
    const verdicts: Verdict[] = [];
    for (let i = 0; i < 40; i += 1) {
      const startedAtMs = performance.now();
      verdicts.push(await call(meter, accountWith(10)));
      blockedMs.push(performance.now() - startedAtMs);
      await wait(2);
    }
    expect(tally(verdicts)).toEqual({ store_unavailable: 40 });
    expect(await call(meter, known), 'of the lease').toBe('granted');
    blockedMs.sort((a, b) => a - b);
    expect(blockedMs[20], 'most do not try again').toBeLessThan(20);
    expect(blockedMs.at(-1)).toBeLessThan(200);
    other.exec('COMMIT');
    other.close();
    await expect.poll(() => call(meter, accountWith(10)), { timeout: 5_000 }).toBe('granted');
  });

  it('gives a refund back when it can be written again', async () => {
    const { backend, meter } = await open();
    const subject = accountWith(100_000);
    const { charge } = await callFor(meter, subject);
    if (charge === null) throw new Error('refused');
    const other = new DatabaseSync(file());
    other.exec('BEGIN IMMEDIATE');
    meter.refund(charge);
    await wait(700);
    other.exec('COMMIT');
    other.close();
    await expect.poll(() => usedOf(openUsage(backend), subject), { timeout: 5_000 }).toBe(0);
  });

  it('is its owner’s alone, as are those beside it, also when an earlier version made it', async () => {
    writeFileSync(file(), '', { mode: 0o644 });
    const { meter } = await open();
    await call(meter, accountWith(10));
    const modes = readdirSync(folder).map((name) => [
      name,
      (statSync(join(folder, name)).mode & 0o777).toString(8),
    ]);
    expect(modes.length).toBeGreaterThanOrEqual(3);
    for (const [name, mode] of modes) expect(`${name} ${mode}`).toBe(`${name} 600`);
  });

  it('damaged is told without its path', async () => {
    writeFileSync(file(), 'no database at all, but long enough to be looked at as one');
    await expect(openAs('gateway')).rejects.toThrow('the SQLite store cannot be used');
    await openAs('gateway').catch((error: Error) => expect(error.message).not.toContain(folder));
  });
});

describe('a store of the version before', () => {
  const makeOld = () => {
    const db = new DatabaseSync(file());
    db.exec(`
      PRAGMA journal_mode = WAL;
      CREATE TABLE schema_versions (room TEXT PRIMARY KEY, version INTEGER NOT NULL) STRICT;
      INSERT INTO schema_versions VALUES ('limits', 1);
      CREATE TABLE usage (account_id TEXT NOT NULL, period TEXT NOT NULL, used INTEGER NOT NULL,
        PRIMARY KEY (account_id, period)) STRICT, WITHOUT ROWID;
      INSERT INTO usage VALUES ('acct_1', '2026-06', 42);
    `);
    db.close();
  };

  it.each(['tool', 'look'] as const)('is not brought forward by a %s', async (role) => {
    makeOld();
    const backend = await openAs(role);
    expect(() => openUsage(backend)).toThrow('npm run store -- migrate');
    await backend.close();
    const db = new DatabaseSync(file(), { readOnly: true });
    expect(db.prepare('SELECT * FROM schema_versions').all()).toMatchObject([{ room: 'limits', version: 1 }]);
    db.close();
  });

  it.each(['gateway', 'migrate'] as const)('is by a %s, with its months', async (role) => {
    makeOld();
    const backend = await openAs(role);
    expect(await openUsage(backend).list()).toEqual([{ accountId: 'acct_1', period: '2026-06', used: 42 }]);
    await backend.close();
    const tool = await openAs('tool');
    expect(await openUsage(tool).list()).toHaveLength(1);
    await tool.close();
  });
});

describe('a look', () => {
  it('makes no store', async () => {
    await expect(openAs('look')).rejects.toThrow('no SQLite store');
    expect(existsSync(file())).toBe(false);
  });

  it('shows what a running gateway has admitted, not what it has leased', async () => {
    const { meter } = await open();
    const subject = accountWith(100_000);
    await calls([meter], subject, 7);
    const look = await openAs('look');
    await expect.poll(() => usedOf(openUsage(look), subject), { timeout: 3_000 }).toBe(7);
    await look.close();
    expect(counted()).toBe(100);
  });

  it('after a crash the lease stays counted', async () => {
    const { backend } = await open();
    if (backend.kind === 'sqlite')
      backend.db.exec("INSERT INTO usage VALUES ('crashed', '2026-06', 100, 40)");
    await opened.pop()?.backend.close();
    const next = await open();
    expect(await openUsage(next.backend).list()).toEqual([
      { accountId: 'crashed', period: '2026-06', used: 100 },
    ]);
  });
});
