import { z } from 'zod';
import type { AccountChange } from '../../domain/operator.ts';
import { PLAN_NAMES, type PlanName } from '../../domain/plan.ts';
import { type Operation, operation } from './operation.ts';
import { atOf, cursorPaging, id, listData, none } from './parameters.ts';
import { AccountData, AccountMadeData, accountData, KeyMadeData, keyData, listOf } from './schemas.ts';

const tag = 'Accounts';
const plan = z.enum(PLAN_NAMES as [PlanName, ...PlanName[]]);
const limit = z.int().min(1).max(1_000_000_000);
const date = z.union([z.iso.datetime({ offset: true }), z.iso.date()]);
const account = z.strictObject({ account: id('ID or name of the account.') });

const msOf = (text: string | null): number | null => (text === null ? null : Date.parse(text));

/** Only what was given: what is absent stays as it is. */
const given = <Value extends object>(value: Value): Value =>
  Object.fromEntries(Object.entries(value).filter(([, part]) => part !== undefined)) as Value;

export const accountOperations: readonly Operation[] = [
  operation({
    id: 'listAccounts',
    method: 'GET',
    path: '/v1/accounts',
    tag,
    summary: 'Accounts',
    parameters: z.strictObject(cursorPaging),
    body: null,
    data: listOf(AccountData),
    run: async ({ parameters }, { accounts }) => listData(await accounts.list(atOf(parameters)), accountData),
  }),
  operation({
    id: 'createAccount',
    method: 'POST',
    path: '/v1/accounts',
    tag,
    summary: 'Account created',
    description: 'Makes an account with its first key, which is shown in this answer and never again.',
    parameters: none,
    body: z.strictObject({
      name: z.string().min(1).max(200),
      plan,
      callsPerMonth: limit.optional(),
      callsPerSecond: limit.optional(),
      expiresAt: date.optional(),
    }),
    data: AccountMadeData,
    run: async ({ body, once }, { accounts }) => {
      const { name, plan, callsPerMonth, callsPerSecond, expiresAt } = body;
      const terms = {
        name,
        plan,
        overrides: given({ callsPerMonth, callsPerSecond }) as Record<string, number>,
        expiresAtMs: msOf(expiresAt ?? null),
      };
      const made = await accounts.create(terms, once);
      return { ...accountData(made.account), keyId: made.key.id, key: made.key.key };
    },
  }),
  operation({
    id: 'getAccount',
    method: 'GET',
    path: '/v1/accounts/{account}',
    tag,
    summary: 'Account',
    parameters: account,
    body: null,
    data: AccountData,
    run: async ({ parameters }, { accounts }) => accountData(await accounts.find(parameters.account)),
  }),
  operation({
    id: 'changeAccount',
    method: 'PATCH',
    path: '/v1/accounts/{account}',
    tag,
    summary: 'Account changed',
    description:
      'What is left out stays; null puts the plan’s own limit back, or takes the end away. Usage belongs to the account and is kept.',
    parameters: account,
    body: z.strictObject({
      plan: plan.optional(),
      suspended: z.boolean().optional(),
      callsPerMonth: limit.nullable().optional(),
      callsPerSecond: limit.nullable().optional(),
      expiresAt: date.nullable().optional(),
    }),
    data: AccountData,
    run: async ({ parameters, body }, { accounts }) => {
      const { expiresAt, ...rest } = body;
      const change = { ...rest, expiresAtMs: expiresAt === undefined ? undefined : msOf(expiresAt) };
      return accountData(await accounts.change(parameters.account, given(change) as AccountChange));
    },
  }),
  operation({
    id: 'createKey',
    method: 'POST',
    path: '/v1/accounts/{account}/keys',
    tag,
    summary: 'Key created',
    description: 'Another key for the account. It is shown in this answer and never again.',
    parameters: account,
    body: none,
    data: KeyMadeData,
    run: async ({ parameters, once }, { accounts }) => {
      const made = await accounts.createKey(parameters.account, once);
      return { ...keyData(made), key: made.key };
    },
  }),
];
