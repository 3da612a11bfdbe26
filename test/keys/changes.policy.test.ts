import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Account } from '../../src/domain/account.ts';
import { changed, joined, opened, renewed, revoked, rotated } from '../../src/keys/changes.ts';
import { type KeyState, keyStateOf } from '../../src/keys/key-state.ts';
import type { KeyRecord } from '../../src/keys/records.ts';
import { RegistryError } from '../../src/keys/terms.ts';

const NOW = 1_000_000;
const account: Account = {
  id: 'acct_1',
  name: 'acme',
  plan: 'pro',
  overrides: { callsPerMonth: 5 },
  suspended: false,
  expiresAtMs: null,
};
const newKey = { key: 'secret', id: 'new', hash: 'new-hash' };
const record: KeyRecord = {
  hash: 'hash',
  id: 'old',
  accountId: 'acct_1',
  createdAtMs: 1,
  endsAtMs: null,
};
const made: KeyRecord = {
  hash: 'new-hash',
  id: 'new',
  accountId: 'acct_1',
  createdAtMs: NOW,
  endsAtMs: null,
};
const wanted = { name: 'acme', plan: 'pro', overrides: {}, expiresAtMs: null } as const;
const created = { atMs: NOW, action: 'create', accountId: 'acct_1', detail: 'key new, plan pro' };

describe('a key', () => {
  it('comes with a new account', () => {
    const terms = { ...wanted, overrides: { callsPerMonth: 5 } };
    expect(opened('acct_1', terms, newKey, NOW)).toEqual({
      account,
      keyId: 'new',
      change: {
        accounts: [{ was: null, is: account }],
        keys: [{ was: null, is: made }],
        audit: [created],
        request: null,
      },
    });
  });

  it('is added to a known account without touching it', () => {
    expect(joined(account, newKey, NOW)).toEqual({
      account,
      keyId: 'new',
      change: { accounts: [], keys: [{ was: null, is: made }], audit: [created], request: null },
    });
  });

  it('comes with new terms, which take over what they name', () => {
    const terms = { ...wanted, overrides: { callsPerSecond: 7 }, expiresAtMs: 9 };
    const is = { ...account, overrides: { callsPerMonth: 5, callsPerSecond: 7 }, expiresAtMs: 9 };
    expect(renewed(account, terms, newKey, NOW)).toMatchObject({
      account: is,
      change: { accounts: [{ was: account, is }], keys: [{ was: null, is: made }] },
    });
    expect(renewed({ ...account, expiresAtMs: 8 }, wanted, newKey, NOW).account.expiresAtMs).toBe(8);
  });

  it('comes with no other plan, and the refusal says how to get it', () => {
    const other = () => renewed(account, { ...wanted, plan: 'free' }, newKey, NOW);
    expect(other).toThrow(RegistryError);
    expect(other).toThrow('acme is on the plan pro; change it with `set-plan acme free`');
    expect(catching(other)).toMatchObject({ kind: 'conflict', parameter: 'plan' });
  });

  it('takes the place of another, which goes on for the overlap', () => {
    expect(rotated({ key: record, account }, newKey, 5_000, NOW)).toEqual({
      account,
      keyId: 'new',
      change: {
        accounts: [],
        keys: [
          { was: record, is: { ...record, endsAtMs: NOW + 5_000 } },
          { was: null, is: made },
        ],
        audit: [{ atMs: NOW, action: 'rotate', accountId: 'acct_1', detail: 'key old to new, overlap 5 s' }],
        request: null,
      },
    });
  });

  it('with an end is not rotated, nor one for longer than a year or for less than nothing', () => {
    const ended = () => rotated({ key: { ...record, endsAtMs: NOW * 2 }, account }, newKey, 0, NOW);
    expect(ended).toThrow('the key old was revoked or rotated before; create a new one');
    expect(catching(ended)).toMatchObject({ kind: 'conflict', parameter: 'id' });
    for (const overlapMs of [-1, 0.5, 31_536_000_001, Number.NaN])
      expect(catching(() => rotated({ key: record, account }, newKey, overlapMs, NOW))).toMatchObject({
        kind: 'invalid',
        parameter: 'overlapSeconds',
        message: 'the overlap is from 0 s to 365 days',
      });
    for (const overlapMs of [0, 31_536_000_000])
      expect(rotated({ key: record, account }, newKey, overlapMs, NOW).keyId).toBe('new');
  });
});

describe('an end', () => {
  it('comes at once by revoke', () => {
    expect(revoked(record, NOW)).toEqual({
      accounts: [],
      keys: [{ was: record, is: { ...record, endsAtMs: NOW, revoked: true } }],
      audit: [{ atMs: NOW, action: 'revoke', accountId: 'acct_1', detail: 'key old' }],
      request: null,
    });
  });

  it('by revoke is left alone, whatever a calendar says', () => {
    const ended = { ...record, endsAtMs: NOW, revoked: true } as const;
    for (const nowMs of [NOW - 1, NOW, NOW + 1]) expect(revoked(ended, nowMs)).toBeNull();
  });

  it.each([
    [NOW - 1, NOW - 1],
    [NOW + 1, NOW],
  ])('that an overlap has at %i is one by revoke from %i on', (endsAtMs, revokedAtMs) => {
    const rotatedBefore = { ...record, endsAtMs };
    expect(revoked(rotatedBefore, NOW)?.keys).toEqual([
      { was: rotatedBefore, is: { ...record, endsAtMs: revokedAtMs, revoked: true } },
    ]);
  });

  it('comes at once by rotate without an overlap', () => {
    const [old] = rotated({ key: record, account }, newKey, 0, NOW).change.keys;
    expect(old).toEqual({ was: record, is: { ...record, endsAtMs: NOW, revoked: true } });
  });

  it('only moves earlier, whatever is asked for in whatever order', () => {
    const step = fc.record({ rotate: fc.boolean(), overlapMs: fc.nat(5_000), nowMs: fc.nat(10_000) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
        let key = record;
        for (const { rotate, overlapMs, nowMs } of steps) {
          const before = key.endsAtMs ?? Number.POSITIVE_INFINITY;
          if (!rotate) key = revoked(key, nowMs)?.keys[0]?.is ?? key;
          else if (key.endsAtMs === null)
            key = rotated({ key, account }, newKey, overlapMs, nowMs).change.keys[0]?.is ?? key;
          const after = key.endsAtMs ?? Number.POSITIVE_INFINITY;
          expect(after).toBeLessThanOrEqual(before);
          if (!rotate) expect(key.revoked).toBe(true);
        }
      }),
    );
  });
});

describe('a change of an account', () => {
  it('is what was, what is and a row of the audit', () => {
    const is = { ...account, suspended: true };
    expect(changed(account, { suspended: true }, NOW)).toEqual({
      account: is,
      change: {
        accounts: [{ was: account, is }],
        keys: [],
        audit: [{ atMs: NOW, action: 'suspend', accountId: 'acct_1', detail: '' }],
        request: null,
      },
    });
  });

  it.each([
    [{ plan: 'mega' }, 'set-plan', 'mega'],
    [{ suspended: true }, 'suspend', ''],
    [{ suspended: false }, 'resume', ''],
    [{ suspended: false, plan: undefined }, 'resume', ''],
    [{ callsPerSecond: 9 }, 'change', 'callsPerSecond 9'],
    [{ plan: 'free', expiresAtMs: null }, 'change', 'plan free, expiresAtMs none'],
    [{ suspended: true, callsPerMonth: null }, 'change', 'suspended true, callsPerMonth none'],
    [{}, 'change', ''],
  ] as const)('%j is told as %s %s', (patch, action, detail) => {
    expect(changed(account, patch as object, NOW).change.audit[0]).toMatchObject({ action, detail });
  });
});

describe('the state of a key', () => {
  it.each<[Partial<KeyRecord>, Partial<Account>, KeyState]>([
    [{}, {}, 'active'],
    [{ endsAtMs: NOW + 1 }, {}, 'rotated'],
    [{ endsAtMs: NOW }, {}, 'revoked'],
    [{ endsAtMs: NOW + 1, revoked: true }, {}, 'revoked'],
    [{ endsAtMs: NOW }, { suspended: true, expiresAtMs: 1 }, 'revoked'],
    [{}, { suspended: true, expiresAtMs: 1 }, 'suspended'],
    [{}, { expiresAtMs: NOW }, 'expired'],
    [{}, { expiresAtMs: NOW + 1 }, 'active'],
    [{ endsAtMs: NOW + 1 }, { expiresAtMs: NOW }, 'expired'],
  ])('%j of %j is %s', (key, terms, state) => {
    expect(keyStateOf({ key: { ...record, ...key }, account: { ...account, ...terms } }, NOW)).toBe(state);
  });
});

function catching(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return error;
  }
  return null;
}
