import { describe, expect, it } from 'vitest';
import type { Account } from '../../src/domain/account.ts';
import {
  type AccountPatch,
  checkedAccount,
  knownPlan,
  type NewAccount,
  nameOf,
  patched,
  RegistryError,
} from '../../src/keys/terms.ts';

const wanted: NewAccount = { name: 'acme', plan: 'pro', overrides: {}, expiresAtMs: null };
const account: Account = {
  id: 'acct_1',
  name: 'acme',
  plan: 'pro',
  overrides: { callsPerSecond: 7 },
  suspended: false,
  expiresAtMs: 5,
};

describe('a new account', () => {
  it.each<[Partial<NewAccount>, Partial<NewAccount>]>([
    [{}, {}],
    [{ name: ' acme\t' }, { name: 'acme' }],
    [{ name: 'e\u0301' }, { name: '\u00e9' }],
    [{ name: 'x'.repeat(200) }, {}],
    [{ name: 'acct_short' }, {}],
    [{ name: 'my acct_0123456789ab' }, {}],
    [{ name: 'acct_0123456789abc' }, {}],
    [{ overrides: { callsPerSecond: 1, callsPerMonth: 1 } }, {}],
    [{ overrides: { callsPerSecond: 1_000_000, callsPerMonth: 1_000_000_000 } }, {}],
    [{ expiresAtMs: 0 }, {}],
    [{ expiresAtMs: 8.64e15 }, {}],
  ])('%j is taken', (given, taken) => {
    expect(checkedAccount({ ...wanted, ...given })).toEqual({ ...wanted, ...given, ...taken });
  });

  it.each<[Partial<Record<keyof NewAccount, unknown>>, string, string]>([
    [{ name: '' }, 'name', '1 to 200 characters'],
    [{ name: ' \n ' }, 'name', '1 to 200 characters'],
    [{ name: 'x'.repeat(201) }, 'name', '1 to 200 characters'],
    [{ name: 'a\nb' }, 'name', 'control character'],
    [{ name: '\ud800' }, 'name', 'characters'],
    [{ name: 'acct_0123456789ab' }, 'name', 'must not look like the ID of an account'],
    [{ plan: 'gold' }, 'plan', 'plan is one of free, starter, pro, mega'],
    [{ plan: 'toString' }, 'plan', 'plan is one of'],
    [
      { overrides: { callsPerSecond: 0 } },
      'callsPerSecond',
      'callsPerSecond is a whole number from 1 to 1000000',
    ],
    [{ overrides: { callsPerSecond: 1_000_001 } }, 'callsPerSecond', 'from 1 to 1000000'],
    [{ overrides: { callsPerSecond: 1.5 } }, 'callsPerSecond', 'whole number'],
    [{ overrides: { callsPerMonth: 1_000_000_001 } }, 'callsPerMonth', 'from 1 to 1000000000'],
    [{ overrides: { callsPerMonth: -1 } }, 'callsPerMonth', 'whole number'],
    [{ expiresAtMs: Number.NaN }, 'expiresAt', 'expiresAt is a date'],
    [{ expiresAtMs: -1 }, 'expiresAt', 'a date'],
    [{ expiresAtMs: 8.64e15 + 1 }, 'expiresAt', 'a date'],
  ])('%j is refused for its %s', (given, parameter, words) => {
    const check = () => checkedAccount({ ...wanted, ...(given as Partial<NewAccount>) });
    expect(check).toThrow(words);
    expect(check).toThrow(expect.objectContaining({ name: 'RegistryError', kind: 'invalid', parameter }));
  });
});

describe('a patch', () => {
  it.each<[AccountPatch, Partial<Account>]>([
    [{}, {}],
    [{ plan: 'free' }, { plan: 'free' }],
    [{ suspended: true }, { suspended: true }],
    [{ callsPerMonth: 3 }, { overrides: { callsPerSecond: 7, callsPerMonth: 3 } }],
    [{ callsPerSecond: 8 }, { overrides: { callsPerSecond: 8 } }],
    [{ callsPerSecond: null }, { overrides: {} }],
    [{ expiresAtMs: null }, { expiresAtMs: null }],
    [{ expiresAtMs: 6 }, { expiresAtMs: 6 }],
  ])('%j changes that alone', (patch, changed) => {
    const before = structuredClone(account);
    expect(patched(account, patch)).toEqual({ ...account, ...changed });
    expect(account).toEqual(before);
  });

  it.each<[object, string]>([
    [{ plan: 'gold' }, 'plan'],
    [{ callsPerSecond: 0 }, 'callsPerSecond'],
    [{ callsPerMonth: 2_000_000_000 }, 'callsPerMonth'],
    [{ expiresAtMs: 0.5 }, 'expiresAt'],
  ])('%j is refused for its %s', (patch, parameter) => {
    expect(() => patched(account, patch)).toThrow(expect.objectContaining({ kind: 'invalid', parameter }));
  });
});

it('a name has one writing', () => {
  expect(nameOf('  e\u0301 \u00a0')).toBe('\u00e9');
});

it('a plan that a store names is known or refused', () => {
  expect(knownPlan('mega')).toBe('mega');
  expect(() => knownPlan('gold')).toThrow('the store names the plan gold, which this program does not know');
  expect(new RegistryError('conflict', 'x').parameter).toBeNull();
});
