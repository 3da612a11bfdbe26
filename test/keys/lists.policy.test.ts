import { describe, expect, it } from 'vitest';
import type { Account } from '../../src/domain/account.ts';
import { createLists, MAX_PAGE, valuesOf } from '../../src/keys/lists.ts';
import type { NumberedAuditRow, OwnedKey, Records } from '../../src/keys/records.ts';

const rowOf = (number: number): NumberedAuditRow => ({
  number,
  atMs: 0,
  action: 'a',
  accountId: 'x',
  detail: '',
});

/** An audit of `count` rows, and how many were asked for each time. */
function auditOf(count: number) {
  const asked: number[] = [];
  const nothing = async () => null;
  const records: Records = {
    findAccount: nothing,
    findKey: nothing,
    findRequest: nothing,
    hasKeys: async () => false,
    accounts: async () => [],
    keys: async () => [],
    auditFrom: async () => [],
    audit: async (before, limit) => {
      asked.push(limit);
      const top = before ?? count;
      return Array.from({ length: Math.min(limit, top) }, (_, i) => rowOf(top - 1 - i));
    },
    write: async () => false,
  };
  return { ...createLists(records), asked };
}

describe('a page', () => {
  it.each([
    [0, [], null],
    [3, [2, 1, 0], null],
    [4, [3, 2, 1], '1'],
  ])('of three out of %d', async (count, numbers, next) => {
    const page = await auditOf(count).audit({ limit: 3 });
    expect(page.values.map(({ number }) => number)).toEqual(numbers);
    expect(page.next).toBe(next);
  });

  it('goes on behind its cursor', async () => {
    expect((await auditOf(9).audit({ cursor: '2', limit: 5 })).values.map(({ number }) => number)).toEqual([
      1, 0,
    ]);
  });

  it('holds 100 when nothing else is asked for, and at most 1,000', async () => {
    const { audit, asked } = auditOf(5_000);
    expect((await audit()).values).toHaveLength(100);
    expect((await audit({ limit: 1_000 })).values).toHaveLength(1_000);
    expect((await audit({ limit: 1 })).values).toHaveLength(1);
    expect(asked).toEqual([101, 1_001, 2]);
    expect(MAX_PAGE).toBe(1_000);
  });

  it.each([0, -1, 1_001, 1.5, Number.NaN])('of %d is refused', async (limit) => {
    await expect(auditOf(1).audit({ limit })).rejects.toMatchObject({
      kind: 'invalid',
      parameter: 'limit',
      message: 'limit is from 1 to 1000',
    });
  });

  it.each(['', 'x', '-1', '1.5', '1x', 'x1', '1'.repeat(16)])('behind %j is refused', async (cursor) => {
    await expect(auditOf(1).audit({ cursor })).rejects.toMatchObject({
      kind: 'invalid',
      parameter: 'cursor',
      message: 'cursor is the `next` of an earlier answer',
    });
  });
});

const accountOf = (id: string): Account => ({
  id,
  name: `name of ${id}`,
  plan: 'free',
  overrides: {},
  suspended: false,
  expiresAtMs: null,
});
const keyOf = (id: string): OwnedKey => ({
  account: accountOf('a1'),
  key: { hash: `hash of ${id}`, id, accountId: 'a1', createdAtMs: 0, endsAtMs: null },
});

/** Accounts a0 to a4 and keys k0 to k4, and what was asked of the store. */
function listsOf() {
  const asked: unknown[][] = [];
  const named = ['0', '1', '2', '3', '4'];
  const records: Records = {
    findAccount: async (idOrName) => {
      const id = named.map((n) => `a${n}`).find((known) => known === idOrName);
      return id === undefined ? null : accountOf(id);
    },
    findKey: async (id) => (named.some((n) => `k${n}` === id) ? keyOf(id) : null),
    findRequest: async () => null,
    hasKeys: async () => true,
    accounts: async (after, limit) => {
      asked.push(['accounts', after?.id ?? null, limit]);
      const from = after === null ? 0 : Number(after.id.slice(1)) + 1;
      return named.slice(from, from + limit).map((n) => accountOf(`a${n}`));
    },
    keys: async (owner, after, limit) => {
      asked.push(['keys', owner, after?.id ?? null, limit]);
      const from = after === null ? 0 : Number(after.id.slice(1)) + 1;
      return named.slice(from, from + limit).map((n) => keyOf(`k${n}`));
    },
    audit: async () => [],
    auditFrom: async () => [],
    write: async () => false,
  };
  return { ...createLists(records), asked };
}

describe('accounts and keys', () => {
  it('come page by page, each behind the last of the one before', async () => {
    const { accounts, keys, asked } = listsOf();
    const first = await accounts({ limit: 2 });
    expect([first.values.map(({ id }) => id), first.next]).toEqual([['a0', 'a1'], 'a1']);
    const last = await accounts({ limit: 3, cursor: 'a1' });
    expect([last.values.map(({ id }) => id), last.next]).toEqual([['a2', 'a3', 'a4'], null]);
    const keysFirst = await keys({ limit: 4 });
    expect([keysFirst.values.map(({ key }) => key.id), keysFirst.next]).toEqual([
      ['k0', 'k1', 'k2', 'k3'],
      'k3',
    ]);
    const keysLast = await keys({ limit: 4, cursor: 'k3' });
    expect([keysLast.values.map(({ key }) => key.id), keysLast.next]).toEqual([['k4'], null]);
    expect(asked).toEqual([
      ['accounts', null, 3],
      ['accounts', 'a1', 4],
      ['keys', null, null, 5],
      ['keys', null, 'k3', 5],
    ]);
  });

  it('are those of one account where it is given, and nobody’s where it is not known', async () => {
    const { keys, asked } = listsOf();
    await keys({ account: 'a3', limit: 1 });
    expect(asked).toEqual([['keys', 'a3', null, 2]]);
    await expect(keys({ account: 'a9' })).rejects.toMatchObject({ kind: 'not_found', parameter: 'account' });
  });

  it('are found by their names', async () => {
    const { account, key } = listsOf();
    expect(await account('a2')).toEqual(accountOf('a2'));
    expect(await key('k2')).toEqual(keyOf('k2'));
  });
});

describe('what is not there', () => {
  it('is refused by its name', async () => {
    const lists = auditOf(0);
    await expect(lists.account('acme')).rejects.toMatchObject({
      kind: 'not_found',
      parameter: 'account',
      message: 'no account is called acme; see `list`',
    });
    await expect(lists.key('k')).rejects.toMatchObject({
      kind: 'not_found',
      parameter: 'id',
      message: 'no key has the ID k; see `list`',
    });
    for (const list of [lists.accounts, lists.keys])
      await expect(list({ cursor: 'gone' })).rejects.toMatchObject({ kind: 'invalid', parameter: 'cursor' });
  });
});

it('every value comes once, a page at a time', async () => {
  const { audit, asked } = auditOf(2_500);
  const rows = await Array.fromAsync(valuesOf(audit));
  expect(rows.map(({ number }) => number)).toEqual(Array.from({ length: 2_500 }, (_, i) => 2_499 - i));
  expect(asked).toEqual([1_001, 1_001, 1_001]);
});
