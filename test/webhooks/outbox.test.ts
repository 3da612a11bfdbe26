import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Backend, Role } from '../../src/store/backend.ts';
import { openOutbox } from '../../src/webhooks/open-outbox.ts';
import {
  HELD_MS,
  type HeldEvent,
  KNOWN_FOR_MS,
  OUTBOX_ROOM,
  type Outbox,
} from '../../src/webhooks/outbox.ts';
import { LONGEST_WAIT_MS, UNTRIED } from '../../src/webhooks/retry.ts';
import { createTestClock } from '../gateway.ts';
import { storeKinds } from '../store/backends.ts';

const folder = mkdtempSync(join(tmpdir(), 'outbox-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const event = (id: string, accountId = 'a', createdAtMs = 1_000) => ({
  id,
  accountId,
  createdAtMs,
  body: `{"id":"${id}","é":1}`,
});
const idsOf = (held: readonly HeldEvent[]) => held.map(({ id }) => id).sort();

describe.each(storeKinds(join(folder, 'outbox.db')))('an outbox in $name', (kind) => {
  const clock = createTestClock();
  const opened: Backend[] = [];
  const open = async (role: Role = 'tool'): Promise<Outbox> => {
    const backend = await kind.open(clock, role);
    opened.push(backend);
    return openOutbox(backend);
  };
  /** All moments come nearer; the server's own clock cannot be moved. */
  const pass = async (ms: number) => {
    clock.pass(ms);
    const [backend] = opened;
    if (backend?.kind !== 'redis') return;
    const key = '{gateway}:webhooks:due';
    for (const account of await backend.client.zrange(key, '0', '-1'))
      await backend.client.zincrby(key, -ms, account);
  };
  beforeAll(kind.start);
  afterEach(async () => {
    const [backend] = opened;
    if (backend?.kind === 'redis') await backend.client.flushall();
    if (backend?.kind === 'sqlite')
      backend.db.exec(
        ['events', 'lines', 'known', 'followed'].map((name) => `DELETE FROM webhook_${name}`).join(';'),
      );
    for (const each of opened.splice(0)) await each.close();
  });
  afterAll(kind.stop);
  const test = it.runIf(kind.canRun);

  test('gives the first event of each account, as it was put in', async () => {
    const outbox = await open();
    expect(await outbox.add([event('1'), event('2'), event('3', 'b', 2_000)])).toBe('added');
    const held = await outbox.hold(10);
    expect(idsOf(held)).toEqual(['1', '3']);
    expect(held.find(({ id }) => id === '3')).toMatchObject({ ...event('3', 'b', 2_000), tried: UNTRIED });
    expect(await outbox.backlog()).toEqual({ pending: 3, oldestAtMs: 1_000 });
  });

  test('gives an account to one sender at a time, and its next event once the first is gone', async () => {
    const [one, two] = [await open(), await open()];
    await one.add([event('1'), event('2')]);
    const [first] = await one.hold(10);
    expect([await one.hold(10), await two.hold(10)]).toEqual([[], []]);
    await one.remove(first as HeldEvent);
    expect(idsOf(await two.hold(10))).toEqual(['2']);
    expect(await one.backlog()).toMatchObject({ pending: 1 });
  });

  test('of two that ask at once, each account goes to one', async () => {
    const [one, two] = [await open(), await open()];
    const accounts = Array.from({ length: 40 }, (_, i) => `account-${i}`);
    await one.add(accounts.map((account) => event(`of ${account}`, account)));
    const held = (await Promise.all([one.hold(30), two.hold(30)])).flat();
    expect(new Set(idsOf(held)).size).toBe(held.length);
    expect(held).toHaveLength(40);
  });

  test('keeps an event that failed until it is due, with what was tried', async () => {
    const outbox = await open();
    await outbox.add([event('1'), event('2')]);
    const [held] = await outbox.hold(1);
    const tried = { failures: 3, waitedMs: 86_399_000 };
    await outbox.putBack(held as HeldEvent, 5_000, tried);
    await pass(4_000);
    expect(await outbox.hold(1)).toEqual([]);
    await pass(1_001);
    const [again] = await outbox.hold(1);
    expect(again).toMatchObject({ id: '1', tried });
    await outbox.remove(again as HeldEvent);
    expect((await outbox.hold(1))[0]).toMatchObject({ id: '2', tried: UNTRIED });
  });

  test('takes an event back from a sender that is gone, and no word of it after that', async () => {
    const [one, two] = [await open(), await open()];
    await one.add([event('1'), event('2')]);
    const [lost] = await one.hold(1);
    await pass(HELD_MS - 1_000);
    expect(await two.hold(1)).toEqual([]);
    await pass(1_001);
    const [found] = await two.hold(1);
    expect(found).toMatchObject({ id: '1' });
    await one.putBack(lost as HeldEvent, 0, UNTRIED);
    await one.remove(lost as HeldEvent);
    expect([await one.hold(1), (await one.backlog()).pending]).toEqual([[], 2]);
    await two.remove(found as HeldEvent);
    expect(idsOf(await two.hold(1))).toEqual(['2']);
  });

  test('a calendar that was set back keeps nothing waiting', async () => {
    const outbox = await open();
    await outbox.add([event('1')]);
    const [held] = await outbox.hold(1);
    await outbox.putBack(held as HeldEvent, LONGEST_WAIT_MS, UNTRIED);
    await pass(-60_000);
    expect(idsOf(await outbox.hold(1))).toEqual(['1']);
  });

  test('knows an id for forty days, also when its event is gone', async () => {
    const outbox = await open();
    await outbox.add([event('1')]);
    await outbox.add([event('1'), event('2')]);
    expect(await outbox.backlog()).toMatchObject({ pending: 2 });
    for (const id of ['1', '2']) {
      const [held] = await outbox.hold(1);
      expect(held?.id).toBe(id);
      await outbox.remove(held as HeldEvent);
    }
    await pass(KNOWN_FOR_MS - 60_000);
    await outbox.add([event('1'), event('2')]);
    expect(await outbox.backlog()).toEqual({ pending: 0, oldestAtMs: null });
  });

  test('follows the audit by one step at a time', async () => {
    const [one, two] = [await open(), await open()];
    expect(await one.followedTo()).toBeNull();
    expect(await one.add([], { was: null, is: 7 })).toBe('added');
    expect(await two.add([event('1')], { was: null, is: 8 })).toBe('overtaken');
    expect(await two.followedTo()).toBe(7);
    expect(await two.add([event('1')], { was: 7, is: 8 })).toBe('added');
    expect(await one.add([event('2')], { was: 7, is: 9 })).toBe('overtaken');
    expect([await one.followedTo(), (await one.backlog()).pending]).toEqual([8, 1]);
  });

  test('takes all of a step or, without room, nothing', async () => {
    const outbox = await open();
    const many = Array.from({ length: OUTBOX_ROOM / 50 }, (_, i) => i);
    for (let i = 0; i < 50; i += 1)
      await outbox.add(many.map((each) => event(`${i}-${each}`, `account-${each % 100}`)));
    expect(await outbox.add([event('more')], { was: null, is: 4 })).toBe('full');
    expect(await outbox.followedTo()).toBeNull();
    expect(await outbox.add([], { was: null, is: 4 })).toBe('added');
    const [held] = await outbox.hold(1);
    await outbox.remove(held as HeldEvent);
    expect(await outbox.add([event('more')])).toBe('added');
  });

  test('all of it outlives who put it there', async () => {
    const outbox = await open();
    await outbox.add([event('1'), event('2', 'b')], { was: null, is: 3 });
    const [held] = await outbox.hold(1);
    await outbox.putBack(held as HeldEvent, 0, { failures: 1, waitedMs: 1_000 });
    const later = await open();
    expect([await later.followedTo(), (await later.backlog()).pending]).toEqual([3, 2]);
    const after = await later.hold(10);
    expect(after.find(({ id }) => id === held?.id)?.tried).toEqual({ failures: 1, waitedMs: 1_000 });
  });

  it.runIf(kind.name === 'SQLite')(
    'what a gateway held that has the file to itself is free at the next start',
    async () => {
      const outbox = await open('gateway');
      await outbox.add([event('1')]);
      expect(await outbox.hold(1)).toHaveLength(1);
      for (const each of opened.splice(0)) await each.close();
      expect(idsOf(await (await open('gateway')).hold(1))).toEqual(['1']);
    },
  );
});
