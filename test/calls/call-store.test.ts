import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { CallStore, CallStoreOptions, KeptCall } from '../../src/calls/call-store.ts';
import { createRedisCallStore } from '../../src/calls/call-store-redis.ts';
import { createSqliteCallStore } from '../../src/calls/call-store-sqlite.ts';
import { storyOf } from '../../src/calls/story.ts';
import type { Backend } from '../../src/store/backend.ts';
import { callEnded } from '../admin/fakes.ts';
import { createTestClock } from '../gateway.ts';
import { storeKinds } from '../store/backends.ts';

const folder = mkdtempSync(join(tmpdir(), 'calls-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const NOW = '2026-11-24T12:00:00Z';
const idOf = (number: number) => `2f0b6d3c-0000-4000-8000-${String(number).padStart(12, '0')}`;

function kept(number: number, iso = NOW): KeptCall {
  const receivedAtMs = Date.parse(iso);
  const requestId = idOf(number);
  return { requestId, receivedAtMs, text: JSON.stringify(storyOf(callEnded({ requestId, receivedAtMs }))) };
}

const open = (backend: Backend, options: CallStoreOptions): CallStore =>
  backend.kind === 'sqlite'
    ? createSqliteCallStore(backend, options)
    : createRedisCallStore(backend, options);

describe.each(storeKinds(join(folder, 'gateway.db')))('the ring of calls, in $name', (kind) => {
  const opened: Backend[] = [];
  const openAt = async (iso: string, options: Partial<CallStoreOptions> = {}) => {
    const backend = await kind.open(createTestClock(iso));
    opened.push(backend);
    return open(backend, { keptDays: 7, maxCalls: 1_000, ...options });
  };
  beforeAll(kind.start);
  afterEach(async () => {
    for (const backend of opened.splice(0)) await backend.close();
  });
  afterAll(kind.stop);
  const test = it.runIf(kind.canRun);

  test('finds a call of any gateway by its request id', async () => {
    const [one, two] = [await openAt(NOW), await openAt(NOW)];
    await one.add([kept(1), kept(2)]);
    await two.add([kept(3)]);
    expect(await two.find(idOf(1))).toBe(kept(1).text);
    expect(await one.find(idOf(3))).toBe(kept(3).text);
    expect(await one.find(idOf(4))).toBeNull();
    await one.add([]);
    await one.add([kept(1)]);
    expect(await one.find(idOf(1))).toBe(kept(1).text);
  });

  test('forgets what is older than asked', async () => {
    await (await openAt(NOW)).add([kept(10)]);
    expect(await (await openAt('2026-12-01T11:59:59Z')).find(idOf(10))).not.toBeNull();
    const later = await openAt('2026-12-01T12:00:01Z');
    expect(await later.find(idOf(10))).toBeNull();
    await later.add([kept(11, '2026-12-01T12:00:01Z')]);
    expect(await later.find(idOf(11))).not.toBeNull();
  });

  test('the newest calls push out the oldest, a thousand told at once too', async () => {
    const ring = await openAt(NOW, { maxCalls: 500 });
    const calls = Array.from({ length: 1_200 }, (_, i) => kept(100 + i));
    for (const call of calls.slice(0, 100)) await ring.add([call]);
    await ring.add(calls.slice(100));
    const isThere = async (number: number) => (await ring.find(idOf(number))) !== null;
    // A store may throw the oldest away by the hundred's part of its room.
    for (const number of [1_299, 1_298, 1_000, 900, 810])
      expect([number, await isThere(number)]).toEqual([number, true]);
    for (const number of [100, 150, 199, 200, 500, 789])
      expect([number, await isThere(number)]).toEqual([number, false]);
  });
});
