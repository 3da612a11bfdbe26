import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createKey } from '../../src/keys/key.ts';
import { valuesOf } from '../../src/keys/lists.ts';
import { REMEMBERED_MS } from '../../src/keys/settle.ts';
import type { Stores } from '../../src/open-stores.ts';
import { describeStores, NOW, newName, terms } from './rooms.ts';

describeStores('a registry', ({ open }) => {
  let stores: Stores;
  beforeAll(async () => {
    stores = await open();
  });
  afterAll(() => stores.close());
  const live = () => createKey('live');
  const create = (more: object = {}, key = live()) => stores.registry.create(terms(more), key, NOW);
  const actionsOf = async (accountId: string) =>
    (await Array.fromAsync(valuesOf(stores.registry.audit)))
      .filter((row) => row.accountId === accountId)
      .map(({ action }) => action)
      .reverse();

  it('has its audit read on from a number, the earliest first', async () => {
    const { account } = await create();
    const numbers = async (from: number, limit: number) =>
      (await stores.records.auditFrom(from, limit)).map(({ number }) => number);
    const [latest] = await stores.records.audit(null, 1);
    const end = (latest?.number ?? 0) + 1;
    expect(await numbers(end, 10)).toEqual([]);
    for (const suspended of [true, false, true]) await stores.registry.change(account.id, { suspended }, NOW);
    const rows = await stores.records.auditFrom(end, 10);
    expect(rows.map(({ action }) => action)).toEqual(['suspend', 'resume', 'suspend']);
    expect(rows[1]).toMatchObject({ number: end + 1, accountId: account.id, atMs: NOW, detail: '' });
    expect(await numbers(end + 1, 10)).toEqual([end + 1, end + 2]);
    expect(await numbers(end, 2)).toEqual([end, end + 1]);
  });

  describe('accounts', () => {
    it('are found by name and ID, with what was agreed', async () => {
      const { account } = await create({ overrides: { callsPerSecond: 7 }, expiresAtMs: NOW + 1 });
      expect(account).toMatchObject({ plan: 'pro', suspended: false, expiresAtMs: NOW + 1 });
      expect(await stores.registry.account(account.id)).toEqual(account);
      expect(await stores.registry.account(account.name)).toEqual(account);
    });

    it('take new terms over on a second create; another plan is refused with a hint', async () => {
      const { account } = await create();
      await expect(create({ name: account.name, plan: 'free' })).rejects.toMatchObject({
        kind: 'conflict',
        message: expect.stringContaining(`set-plan ${account.name} free`),
      });
      const again = await create({ name: account.name, overrides: { callsPerSecond: 7 } });
      expect(again.account).toEqual({ ...account, overrides: { callsPerSecond: 7 } });
      expect(await actionsOf(account.id)).toEqual(['create', 'create']);
    });

    it('have names of their own', async () => {
      const { account } = await create();
      await expect(
        stores.registry.createAccount(terms({ name: account.name }), live(), NOW),
      ).rejects.toMatchObject({
        kind: 'conflict',
        parameter: 'name',
      });
    });

    it('have one name, however it is written', async () => {
      const composed = `caf\u00e9 ${newName()}`;
      const { account } = await create({ name: ` ${composed.normalize('NFD')} ` });
      expect(account.name).toBe(composed);
      expect((await create({ name: composed })).account.id).toBe(account.id);
      expect(await stores.registry.account(composed.normalize('NFD'))).toEqual(account);
    });

    it('are changed one thing at a time, and null puts the plan back', async () => {
      const { account } = await create({ overrides: { callsPerMonth: 5 } });
      const change = (patch: object) => stores.registry.change(account.id, patch, NOW);
      await change({ suspended: true });
      await change({ plan: 'mega', callsPerSecond: 9 });
      expect(await change({ callsPerMonth: null, expiresAtMs: NOW })).toEqual({
        ...account,
        plan: 'mega',
        suspended: true,
        overrides: { callsPerSecond: 9 },
        expiresAtMs: NOW,
      });
      await change({ suspended: false });
      await change({ plan: 'free' });
      expect(await actionsOf(account.id)).toEqual([
        'create',
        'suspend',
        'change',
        'change',
        'resume',
        'set-plan',
      ]);
    });

    it('that are not there are refused by name', async () => {
      for (const asked of [stores.registry.account('nobody'), stores.registry.addKey('nobody', live(), NOW)])
        await expect(asked).rejects.toMatchObject({
          kind: 'not_found',
          message: expect.stringContaining('nobody'),
        });
    });
  });

  describe('keys', () => {
    it('are shown with their account', async () => {
      const key = live();
      const { account } = await create({}, key);
      const second = live();
      await stores.registry.addKey(account.name, second, NOW + 1);
      expect(await stores.registry.key(key.id)).toEqual({
        key: { hash: key.hash, id: key.id, accountId: account.id, createdAtMs: NOW, endsAtMs: null },
        account,
      });
      const { values } = await stores.registry.keys({ account: account.name });
      expect(values.map((owned) => owned.key.id)).toEqual([key.id, second.id]);
    });

    it('are rotated once, and revoked whatever happened before', async () => {
      const [first, second] = [live(), live()];
      await create({}, first);
      await stores.registry.rotate(first.id, second, 1_000, NOW);
      await expect(stores.registry.rotate(first.id, live(), 0, NOW)).rejects.toThrow('rotated before');
      const endOf = async (id: string) => (await stores.registry.key(id)).key.endsAtMs;
      expect(await endOf(first.id)).toBe(NOW + 1_000);
      expect((await stores.registry.revoke(first.id, NOW + 10)).key.endsAtMs).toBe(NOW + 10);
      expect((await stores.registry.revoke(first.id, NOW + 20)).key.endsAtMs).toBe(NOW + 10);
      expect((await stores.registry.revoke(second.id, NOW)).key.endsAtMs).toBe(NOW);
    });

    it('that are not there are refused by ID', async () => {
      await expect(stores.registry.revoke('nobody', NOW)).rejects.toThrow('no key has the ID nobody');
    });
  });

  describe('a request under a name of its own', () => {
    const once = (more: object = {}) => ({ name: newName(), fingerprint: 'body', ...more });

    it('makes one account, key or rotation, however often it is sent', async () => {
      const request = once();
      const wanted = terms();
      const first = await stores.registry.createAccount(wanted, live(), NOW, request);
      const again = await stores.registry.createAccount(wanted, live(), NOW + 1, request);
      expect([first.isReplay, again.isReplay]).toEqual([false, true]);
      expect(again).toEqual({ ...first, isReplay: true });

      for (const send of [
        (name: object) => stores.registry.addKey(first.account.id, live(), NOW, once(name)),
        (name: object) => stores.registry.rotate(first.keyId, live(), 0, NOW, once(name)),
      ]) {
        const name = { name: newName() };
        const made = await send(name);
        expect(await send(name)).toEqual({ ...made, isReplay: true });
      }
      const { values } = await stores.registry.keys({ account: first.account.id });
      expect(values).toHaveLength(3);
    });

    it('is refused when it asks for something else', async () => {
      const request = once();
      await stores.registry.createAccount(terms(), live(), NOW, request);
      const other = stores.registry.createAccount(terms(), live(), NOW, { ...request, fingerprint: 'other' });
      await expect(other).rejects.toMatchObject({ kind: 'conflict', parameter: 'Idempotency-Key' });
    });

    it('is forgotten after a day', async () => {
      const request = once();
      const { account } = await create();
      const send = (nowMs: number) => stores.registry.addKey(account.id, live(), nowMs, request);
      await send(NOW);
      expect((await send(NOW + REMEMBERED_MS - 1)).isReplay).toBe(true);
      expect((await send(NOW + REMEMBERED_MS)).isReplay).toBe(false);
    });

    it('that is refused is not remembered', async () => {
      const request = once();
      const { account } = await create();
      const taken = terms({ name: account.name });
      await expect(stores.registry.createAccount(taken, live(), NOW, request)).rejects.toThrow('called');
      expect((await stores.registry.createAccount(terms(), live(), NOW, request)).isReplay).toBe(false);
    });
  });
});

describeStores('lists', ({ open }) => {
  let stores: Stores;
  beforeAll(async () => {
    stores = await open();
  });
  afterAll(() => stores.close());

  it('come page by page, in order, each thing once', async () => {
    const names = ['b', 'C', 'a', 'é', 'Z', 'aa'].map((name) => `list ${name}`);
    const made = [];
    for (const [i, name] of names.entries()) {
      const key = createKey('live');
      // All of one moment but one: what is equally old has an order too.
      made.push({ ...(await stores.registry.create(terms({ name }), key, NOW + (i === 2 ? -1 : 0))), key });
    }
    const walked = async <Value>(
      list: (cursor?: string) => Promise<{ values: readonly Value[]; next: string | null }>,
    ) => {
      const pages: Value[][] = [];
      for (let cursor: string | null | undefined; cursor !== null; ) {
        const page = await list(cursor ?? undefined);
        pages.push([...page.values]);
        cursor = page.next;
      }
      return pages;
    };
    const accounts = await walked((cursor) => stores.registry.accounts({ cursor, limit: 2 }));
    expect(accounts.map((page) => page.length)).toEqual([2, 2, 2]);
    expect(accounts.flat().map(({ name }) => name)).toEqual(
      names.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))),
    );

    const keys = (await walked((cursor) => stores.registry.keys({ cursor, limit: 4 }))).flat();
    const [oldest, ...rest] = keys.map(({ key }) => key.id);
    expect(oldest).toBe(made[2]?.keyId);
    expect(rest).toEqual(
      made
        .map(({ keyId }) => keyId)
        .filter((id) => id !== oldest)
        .sort(),
    );
    expect(keys.every(({ key, account }) => key.accountId === account.id)).toBe(true);

    const audit = (await walked((cursor) => stores.registry.audit({ cursor, limit: 5 }))).flat();
    expect(audit.map(({ accountId }) => accountId)).toEqual(made.map(({ account }) => account.id).reverse());
  });

  it('of one account leave the others out', async () => {
    const { account } = await stores.registry.create(terms({ name: 'list one' }), createKey('live'), NOW);
    for (let i = 0; i < 4; i += 1) await stores.registry.addKey(account.id, createKey('live'), NOW + i);
    const first = await stores.registry.keys({ account: 'list one', limit: 3 });
    const second = await stores.registry.keys({ account: account.id, limit: 3, cursor: first.next ?? '' });
    expect([first.values.length, second.values.length, second.next]).toEqual([3, 2, null]);
    expect(new Set([...first.values, ...second.values].map(({ key }) => key.accountId))).toEqual(
      new Set([account.id]),
    );
  });

  it.each([{ cursor: 'made-up' }, { limit: 0 }, { limit: 1_001 }, { limit: 1.5 }])(
    'refuse %j',
    async (options) => {
      const [parameter] = Object.keys(options);
      for (const list of ['accounts', 'keys', 'audit'] as const)
        await expect(stores.registry[list](options)).rejects.toMatchObject({ kind: 'invalid', parameter });
    },
  );
});
