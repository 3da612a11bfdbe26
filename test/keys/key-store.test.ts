import { afterEach, beforeEach, expect, it } from 'vitest';
import { createKey } from '../../src/keys/key.ts';
import type { Stores } from '../../src/open-stores.ts';
import { createTestClock, type TestClock } from '../gateway.ts';
import { describeStores, NOW, terms } from './rooms.ts';

describeStores('a key store', ({ open }) => {
  let stores: Stores;
  let other: Stores;
  let clock: TestClock;
  beforeEach(async () => {
    clock = createTestClock();
    stores = await open(clock);
    other = await open(clock);
  });
  afterEach(async () => {
    await stores.close();
    await other.close();
  });

  it('finds a new key on the next call, also when it was asked for just before', async () => {
    const key = createKey('live');
    expect(await stores.keys.find(key.hash, NOW)).toBeNull();
    const { account } = await other.registry.create(terms(), key, NOW);
    expect(await stores.keys.find(key.hash, NOW)).toEqual({ account, keyId: key.id, endsAtMs: null });
  });

  it('finds no key that is not there', async () => {
    expect(await stores.keys.find(createKey('live').hash, NOW)).toBeNull();
  });

  it('lets a rotated key work until its overlap ends, to the millisecond', async () => {
    const [old, next] = [createKey('live'), createKey('live')];
    await stores.registry.create(terms(), old, NOW);
    await stores.registry.rotate(old.id, next, 1_000, NOW);
    expect(await stores.keys.find(old.hash, NOW + 999)).toMatchObject({ endsAtMs: NOW + 1_000 });
    expect(await stores.keys.find(old.hash, NOW + 1_000)).toBeNull();
    expect(await stores.keys.find(next.hash, NOW + 1_000)).not.toBeNull();
  });

  it('refuses a key that was ended at once whatever its calendar says, also one that is set back', async () => {
    const [old, next] = [createKey('live'), createKey('live')];
    await stores.registry.create(terms(), old, NOW);
    await stores.registry.rotate(old.id, next, 0, NOW);
    await stores.registry.revoke(next.id, NOW);
    for (const nowMs of [NOW, NOW - 3_600_000]) {
      expect(await stores.keys.find(old.hash, nowMs)).toBeNull();
      expect(await other.keys.find(next.hash, nowMs)).toBeNull();
    }
  });

  it('shows what another process changes half a second after it last looked', async () => {
    const key = createKey('live');
    const { account } = await stores.registry.create(terms(), key, NOW);
    const find = () => stores.keys.find(key.hash, NOW);
    await find();
    await other.registry.change(account.id, { suspended: true }, NOW);
    clock.pass(500);
    expect((await find())?.account.suspended).toBe(true);
    await other.registry.revoke(key.id, NOW);
    clock.pass(500);
    expect(await find()).toBeNull();
  });

  it('shows what its own registry changes at once', async () => {
    const key = createKey('live');
    const { account } = await stores.registry.create(terms(), key, NOW);
    const find = () => stores.keys.find(key.hash, NOW);
    await find();
    await stores.registry.change(account.id, { plan: 'mega' }, NOW);
    expect((await find())?.account.plan).toBe('mega');
    await stores.registry.revoke(key.id, NOW);
    expect(await find()).toBeNull();
  });
});
