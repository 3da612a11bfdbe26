import { beforeEach, describe, expect, it } from 'vitest';
import type { Account } from '../../src/domain/account.ts';
import type { Decision } from '../../src/keys/changes.ts';
import type { Change, Records, RequestRecord } from '../../src/keys/records.ts';
import { createSettle, REMEMBERED_MS, type Settle } from '../../src/keys/settle.ts';
import { RegistryError } from '../../src/keys/terms.ts';

const NOW = 1_000;
const acme: Account = {
  id: 'acme',
  name: 'acme',
  plan: 'pro',
  overrides: {},
  suspended: false,
  expiresAtMs: null,
};
const key = { hash: 'h', id: 'k', accountId: 'other', createdAtMs: 0, endsAtMs: null };
const change: Change = {
  accounts: [{ was: null, is: acme }],
  keys: [{ was: null, is: key }],
  audit: [],
  request: null,
};
const decision: Decision = { account: acme, keyId: 'k', change };

describe('compare and set', () => {
  let written: Change[];
  let request: RequestRecord | null;
  let overtaken: number;
  let heard: string[];
  let settle: Settle;
  beforeEach(() => {
    [written, request, overtaken, heard] = [[], null, 0, []];
    const records: Records = {
      findAccount: async (id) => (id === 'acme' ? acme : null),
      findKey: async () => null,
      findRequest: async (name, nowMs) =>
        request !== null && request.name === name && request.endsAtMs > nowMs ? request : null,
      hasKeys: async () => true,
      accounts: async () => [],
      keys: async () => [],
      audit: async () => [],
      auditFrom: async () => [],
      write: async (wanted) => {
        if (overtaken > 0) {
          overtaken -= 1;
          return false;
        }
        written.push(wanted);
        return true;
      },
    };
    settle = createSettle(records, (accountId) => heard.push(accountId));
  });

  it('writes once, and tells whose keys may differ', async () => {
    expect(await settle.settle(async () => ({ change }), NOW)).toEqual({ change });
    expect(written).toEqual([change]);
    expect(heard).toEqual(['acme', 'other']);
  });

  it('decides anew as often as something came in between, and tells of the last alone', async () => {
    overtaken = 3;
    let decided = 0;
    const result = await settle.settle(async () => {
      decided += 1;
      return { change, decided };
    }, NOW);
    expect(result.decided).toBe(4);
    expect(heard).toHaveLength(2);
  });

  it('writes nothing where there is nothing to do', async () => {
    expect(await settle.settle(async () => ({ change: null }), NOW)).toEqual({ change: null });
    expect([written, heard]).toEqual([[], []]);
  });

  it('gives up when it never goes through', async () => {
    overtaken = Number.POSITIVE_INFINITY;
    await expect(settle.settle(async () => ({ change }), NOW)).rejects.toThrow('all the time; try again');
  });

  describe('for a key', () => {
    const once = { name: 'n', fingerprint: 'f' };
    const decide = async () => decision;

    it('without a name remembers nothing', async () => {
      expect(await settle.make(decide, NOW)).toEqual({ account: acme, keyId: 'k', isReplay: false });
      expect(written).toEqual([change]);
    });

    it('remembers what it made for a day', async () => {
      expect(await settle.make(decide, NOW, once)).toEqual({ account: acme, keyId: 'k', isReplay: false });
      const remembered = { ...once, accountId: 'acme', keyId: 'k', endsAtMs: NOW + 86_400_000 };
      expect(written).toEqual([{ ...change, request: remembered }]);
      expect(REMEMBERED_MS).toBe(86_400_000);
    });

    it('makes nothing when it was made before, though it could not be decided now', async () => {
      request = { ...once, accountId: 'acme', keyId: 'first', endsAtMs: NOW + 1 };
      const taken = async () => Promise.reject(new RegistryError('conflict', 'taken'));
      for (const how of [decide, taken])
        expect(await settle.make(how, NOW, once)).toEqual({ account: acme, keyId: 'first', isReplay: true });
      expect(written).toEqual([]);
    });

    it('refuses another request of the same name, and one whose account is gone', async () => {
      for (const other of [{ fingerprint: 'g' }, { accountId: 'gone' }]) {
        request = { ...once, accountId: 'acme', keyId: 'first', endsAtMs: NOW + 1, ...other };
        await expect(settle.make(decide, NOW, once)).rejects.toMatchObject({
          kind: 'conflict',
          parameter: 'Idempotency-Key',
          message: expect.stringContaining('another request'),
        });
      }
    });

    it('says what hinders it when it was never made', async () => {
      const refusal = new RegistryError('conflict', 'taken');
      await expect(settle.make(() => Promise.reject(refusal), NOW, once)).rejects.toBe(refusal);
    });
  });
});
