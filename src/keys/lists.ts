import type { Account } from '../domain/account.ts';
import type { NumberedAuditRow, OwnedKey, Records } from './records.ts';
import { nameOf, RegistryError } from './terms.ts';

/** A part of a long list. */
export interface Page<Value> {
  readonly values: readonly Value[];
  /** What `cursor` takes for the next part; null behind the last. */
  readonly next: string | null;
}

export interface PageOptions {
  /** The `next` of the part before; none for the first. */
  readonly cursor?: string | undefined;
  /** How many at most, 1 to 1,000; 100 when not given. */
  readonly limit?: number | undefined;
}

/** The reading side. Nothing here takes more from the store than a page. Rejects with `RegistryError`. */
export interface Lists {
  /** By ID or name. */
  account(idOrName: string): Promise<Account>;
  key(id: string): Promise<OwnedKey>;
  /** By name. */
  accounts(options?: PageOptions): Promise<Page<Account>>;
  /** The oldest first; of one account (ID or name) where it is given. */
  keys(options?: PageOptions & { readonly account?: string | undefined }): Promise<Page<OwnedKey>>;
  /** The latest first. */
  audit(options?: PageOptions): Promise<Page<NumberedAuditRow>>;
}

export const MAX_PAGE = 1_000;

export function createLists(records: Records): Lists {
  const account: Lists['account'] = async (idOrName) => {
    const found = await records.findAccount(nameOf(idOrName));
    return found ?? refuse('not_found', `no account is called ${idOrName}; see \`list\``, 'account');
  };
  const key: Lists['key'] = async (id) =>
    (await records.findKey(id)) ?? refuse('not_found', `no key has the ID ${id}; see \`list\``, 'id');

  return {
    account,
    key,
    accounts: async (options = {}) => {
      const after = options.cursor === undefined ? null : await records.findAccount(options.cursor);
      if (options.cursor !== undefined && after === null) return refuseCursor();
      return pageOf(
        options,
        (limit) => records.accounts(after, limit),
        ({ id }) => id,
      );
    },
    keys: async (options = {}) => {
      const after = options.cursor === undefined ? null : await records.findKey(options.cursor);
      if (options.cursor !== undefined && after === null) return refuseCursor();
      const owner = options.account === undefined ? null : (await account(options.account)).id;
      const read = (limit: number) => records.keys(owner, after?.key ?? null, limit);
      return pageOf(options, read, ({ key }) => key.id);
    },
    audit: async (options = {}) => {
      if (options.cursor !== undefined && !/^\d{1,15}$/.test(options.cursor)) return refuseCursor();
      const before = options.cursor === undefined ? null : Number(options.cursor);
      return pageOf(
        options,
        (limit) => records.audit(before, limit),
        ({ number }) => String(number),
      );
    },
  };
}

/** Every value of a list, page by page. */
export async function* valuesOf<Value>(
  list: (options: PageOptions) => Promise<Page<Value>>,
): AsyncGenerator<Value> {
  for (let cursor: string | undefined | null; cursor !== null; ) {
    const { values, next }: Page<Value> = await list({ cursor, limit: MAX_PAGE });
    yield* values;
    cursor = next;
  }
}

/** One more than asked for is read, to know whether something follows; a cursor is what names the last one. */
async function pageOf<Value>(
  { limit = 100 }: PageOptions,
  read: (limit: number) => Promise<readonly Value[]>,
  cursorOf: (value: Value) => string,
): Promise<Page<Value>> {
  if (!Number.isSafeInteger(limit) || limit < 1 || limit > MAX_PAGE)
    return refuse('invalid', `limit is from 1 to ${MAX_PAGE}`, 'limit');
  const found = await read(limit + 1);
  const values = found.slice(0, limit);
  const last = values.at(-1);
  return { values, next: found.length > limit && last !== undefined ? cursorOf(last) : null };
}

function refuse(kind: RegistryError['kind'], message: string, parameter: string): never {
  throw new RegistryError(kind, message, parameter);
}

const refuseCursor = (): never => refuse('invalid', 'cursor is the `next` of an earlier answer', 'cursor');
