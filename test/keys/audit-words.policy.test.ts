import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { happeningsOf } from '../../src/keys/audit-words.ts';
import { changed, joined, opened, revoked, rotated } from '../../src/keys/changes.ts';
import { createKey } from '../../src/keys/key.ts';
import type { Change, KeyRecord } from '../../src/keys/records.ts';

const NOW = 1_764_000_000_000;
const account = {
  ...({ id: 'acct_1', name: 'a, suspended true', plan: 'pro', overrides: {} } as const),
  ...{ suspended: false, expiresAtMs: null },
};
const key = { key: 'secret', id: 'New00001', hash: 'hash' };
const old: KeyRecord = { hash: 'h', id: 'Old00001', accountId: 'acct_1', createdAtMs: 1, endsAtMs: null };
/** What is read of the audit of a change. */
const readOf = (change: Change | null) => (change?.audit ?? []).flatMap(happeningsOf);

const created = { kind: 'key created', keyId: 'New00001', replaces: null };

describe('what the audit says of a change', () => {
  it('a key that was made, with its account or for a known one', () => {
    expect(readOf(opened('acct_1', account, key, NOW).change)).toEqual([created]);
    expect(readOf(joined(account, key, NOW).change)).toEqual([created]);
  });

  it('a key that was revoked has its end at once', () => {
    expect(readOf(revoked(old, NOW))).toEqual([
      { kind: 'key revoked', keyId: 'Old00001', endsAtMs: NOW, replacedBy: null },
    ]);
  });

  it.each([0, 1, 1_500, 86_400_000, 31_536_000_000])('a rotated key goes on for %i ms', (overlapMs) => {
    expect(readOf(rotated({ key: old, account }, key, overlapMs, NOW).change)).toEqual([
      { kind: 'key created', keyId: 'New00001', replaces: 'Old00001' },
      { kind: 'key revoked', keyId: 'Old00001', endsAtMs: NOW + overlapMs, replacedBy: 'New00001' },
    ]);
  });

  it('keys of any name and overlap come out as they went in', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 31_536_000_000 }), (overlapMs) => {
        const [one, other] = [createKey('live'), createKey('test')];
        const record = { ...old, id: one.id };
        expect(readOf(rotated({ key: record, account }, other, overlapMs, NOW).change)).toEqual([
          { kind: 'key created', keyId: other.id, replaces: one.id },
          { kind: 'key revoked', keyId: one.id, endsAtMs: NOW + overlapMs, replacedBy: other.id },
        ]);
      }),
    );
  });

  it.each([
    [{ suspended: true }, ['account suspended']],
    [{ suspended: false }, ['account resumed']],
    [{ suspended: true, plan: 'mega' }, ['account suspended']],
    [{ callsPerSecond: 5, suspended: false }, ['account resumed']],
    [{ plan: 'mega' }, []],
    [{ callsPerMonth: null, callsPerSecond: 5 }, []],
    [{ expiresAtMs: 5 }, []],
  ] as const)('of %j it tells %j', (patch, kinds) => {
    expect(readOf(changed(account, patch, NOW).change).map(({ kind }) => kind)).toEqual(kinds);
  });

  it('what it does not know tells nothing', () => {
    const row = { atMs: NOW, accountId: 'acct_1' };
    for (const words of [
      { action: 'renamed', detail: 'key A to B, overlap 3 s' },
      { action: 'rotate', detail: 'key A' },
      { action: 'change', detail: 'unsuspended true' },
    ])
      expect(happeningsOf({ ...row, ...words })).toEqual([]);
  });
});
