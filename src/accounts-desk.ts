import type { Clock } from './domain/clock.ts';
import { type AccountsDesk, type KeyMade, type KeyView, OperatorError } from './domain/operator.ts';
import { createKey } from './keys/key.ts';
import type { OwnedKey } from './keys/records.ts';
import type { Registry } from './keys/registry.ts';
import type { Made } from './keys/settle.ts';
import { RegistryError } from './keys/terms.ts';

/** The registry as the door's desk: the same rules as the command's, in the door's words. */
export function createAccountsDesk(registry: Registry, clock: Clock): AccountsDesk {
  const keyOf = async ({ keyId, isReplay }: Made, key: string): Promise<KeyMade> => ({
    ...viewOf(await registry.key(keyId)),
    key: isReplay ? null : key,
  });
  const newKey = () => createKey('live');

  return inDoorsWords({
    create: async (terms, once) => {
      const key = newKey();
      const made = await registry.createAccount(terms, key, clock.now(), once ?? undefined);
      return { account: made.account, key: await keyOf(made, key.key) };
    },
    find: (account) => registry.account(account),
    list: ({ cursor, limit }) => registry.accounts({ cursor: cursor ?? undefined, limit }),
    change: (account, change) => registry.change(account, change, clock.now()),
    createKey: async (account, once) => {
      const key = newKey();
      return keyOf(await registry.addKey(account, key, clock.now(), once ?? undefined), key.key);
    },
    findKey: async (id) => viewOf(await registry.key(id)),
    listKeys: async ({ cursor, limit }, account) => {
      const options = { cursor: cursor ?? undefined, limit, account: account ?? undefined };
      const { values, next } = await registry.keys(options);
      return { values: values.map(viewOf), next };
    },
    rotateKey: async (id, overlapMs, once) => {
      const key = newKey();
      return keyOf(await registry.rotate(id, key, overlapMs, clock.now(), once ?? undefined), key.key);
    },
    revokeKey: async (id) => viewOf(await registry.revoke(id, clock.now())),
    listAudit: ({ cursor, limit }) => registry.audit({ cursor: cursor ?? undefined, limit }),
  });
}

const viewOf = ({ key, account }: OwnedKey): KeyView => ({
  id: key.id,
  accountId: account.id,
  createdAtMs: key.createdAtMs,
  endsAtMs: key.endsAtMs,
});

type Desk = { readonly [Name in keyof AccountsDesk]: AccountsDesk[Name] };

/** Every method of the desk, the registry's refusals told as the door knows them. */
function inDoorsWords(desk: Desk): AccountsDesk {
  const told =
    <Args extends unknown[], Result>(work: (...args: Args) => Promise<Result>) =>
    (...args: Args): Promise<Result> =>
      work(...args).catch((error) => {
        throw error instanceof RegistryError ? operatorErrorOf(error) : error;
      });
  const methods = Object.entries(desk).map(([name, work]) => [name, told(work as never)]);
  return Object.fromEntries(methods) as AccountsDesk;
}

function operatorErrorOf({ kind, message, parameter }: RegistryError): OperatorError {
  const isReplayed = kind === 'conflict' && parameter === 'Idempotency-Key';
  const code = isReplayed ? 'idempotency_conflict' : kind === 'not_found' ? 'not_found' : 'invalid_request';
  return new OperatorError(code, message, parameter);
}
