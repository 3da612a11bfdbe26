import { describe, expect, it } from 'vitest';
import { createLists, MAX_PAGE, valuesOf } from '../../src/keys/lists.ts';
import type { NumberedAuditRow, Records } from '../../src/keys/records.ts';

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
