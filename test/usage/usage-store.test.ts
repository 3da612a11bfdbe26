import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { UsageRow } from '../../src/domain/usage.ts';
import type { Backend } from '../../src/store/backend.ts';
import { openUsageStore } from '../../src/usage/open-usage-store.ts';
import { createTestClock } from '../gateway.ts';
import { storeKinds } from '../store/backends.ts';

const folder = mkdtempSync(join(tmpdir(), 'usage-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const row = (more: Partial<UsageRow> = {}): UsageRow => ({
  ...{ day: '2026-11-24', endpoint: 'getRepository', code: 'ok' },
  ...{ calls: 2, charged: 1, bytesOut: 10, bytesExit: 0 },
  ...more,
});

describe.each(storeKinds(join(folder, 'gateway.db')))('what was used, in $name', (kind) => {
  const opened: Backend[] = [];
  const open = async (iso = '2026-11-24T12:00:00Z') => {
    const backend = await kind.open(createTestClock(iso));
    opened.push(backend);
    return openUsageStore(backend);
  };
  beforeAll(kind.start);
  afterEach(async () => {
    for (const backend of opened.splice(0)) await backend.close();
  });
  afterAll(kind.stop);
  const test = it.runIf(kind.canRun);
  const batch = (account: string, number: number, ...rows: UsageRow[]) => ({
    account,
    month: '2026-11',
    number,
    rows,
  });

  test('is added up over batches and gateways', async () => {
    const [one, two] = [await open(), await open()];
    await one.add(batch('adds', 1, row(), row({ day: '2026-11-23', code: 'rate_exceeded', charged: 0 })));
    await one.add(batch('adds', 2, row()));
    await two.add(batch('adds', 1, row({ calls: 5, bytesExit: 7 })));
    const expected = [
      row({ day: '2026-11-23', code: 'rate_exceeded', charged: 0 }),
      row({ calls: 9, charged: 3, bytesOut: 30, bytesExit: 7 }),
    ];
    expect(await one.read('adds', '2026-11')).toEqual(expected);
    expect(await two.read('adds', '2026-11')).toEqual(expected);
  });

  test('is kept apart by account and month, and outlives those who told it', async () => {
    const store = await open();
    await store.add(batch('apart', 1, row()));
    await store.add({ ...batch('apart', 2, row({ day: '2026-12-01' })), month: '2026-12' });
    const later = await open();
    expect((await later.read('apart', '2026-11')).map(({ day }) => day)).toEqual(['2026-11-24']);
    expect((await later.read('apart', '2026-12')).map(({ day }) => day)).toEqual(['2026-12-01']);
    expect(await later.read('apart', '2026-10')).toEqual([]);
    expect(await later.read('another', '2026-11')).toEqual([]);
  });

  test('counts exactly, however many tell at once', async () => {
    const [one, two] = [await open(), await open()];
    const numbers = Array.from({ length: 100 }, (_, i) => i + 1);
    for (const number of numbers)
      await Promise.all([one.add(batch('many', number, row())), two.add(batch('many', number, row()))]);
    expect(await one.read('many', '2026-11')).toEqual([row({ calls: 400, charged: 200, bytesOut: 2_000 })]);
  });

  test('is gone after 13 months, and there until then', async () => {
    const store = await open();
    await store.add(batch('old', 1, row()));
    expect(await (await open('2027-11-30T12:00:00Z')).read('old', '2026-11')).toHaveLength(1);
    const later = await open('2027-12-01T00:00:00Z');
    expect(await later.read('old', '2026-11')).toEqual([]);
    await later.add({ account: 'old', month: '2027-12', number: 1, rows: [row({ day: '2027-12-01' })] });
    expect(await later.read('old', '2027-12')).toHaveLength(1);
  });

  test('rows come by day, endpoint and code', async () => {
    const store = await open();
    const rows = [
      row({ endpoint: 'listTags' }),
      row({ day: '2026-11-02' }),
      row({ code: 'key_missing' }),
      row({ code: 'upstream_gone', endpoint: 'none' }),
    ];
    await store.add(batch('order', 1, ...rows));
    expect(
      (await store.read('order', '2026-11')).map(({ day, endpoint, code }) => [day, endpoint, code]),
    ).toEqual([
      ['2026-11-02', 'getRepository', 'ok'],
      ['2026-11-24', 'getRepository', 'key_missing'],
      ['2026-11-24', 'listTags', 'ok'],
      ['2026-11-24', 'none', 'upstream_gone'],
    ]);
  });
});

const [, redisKind] = storeKinds('');

describe.runIf(redisKind?.canRun)('in Redis, where an answer can be lost', () => {
  beforeAll(() => redisKind?.start());
  afterAll(() => redisKind?.stop());

  it('a batch told again counts once, the next one again', async () => {
    const backend = await redisKind?.open(createTestClock('2026-11-24T12:00:00Z'));
    if (backend === undefined) throw new Error('no server');
    const store = openUsageStore(backend);
    const told = { account: 'again', month: '2026-11', number: 7, rows: [row()] };
    await store.add(told);
    await store.add(told);
    expect(await store.read('again', '2026-11')).toEqual([row()]);
    await store.add({ ...told, number: 8 });
    expect(await store.read('again', '2026-11')).toEqual([row({ calls: 4, charged: 2, bytesOut: 20 })]);
    await backend.close();
  });
});
