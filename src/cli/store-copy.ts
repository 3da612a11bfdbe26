import { valuesOf } from '../keys/lists.ts';
import type { Change, Records } from '../keys/records.ts';
import type { Stores } from '../open-stores.ts';
import { StoreError } from '../store/store-error.ts';

/** How many are written in one step. */
const CHUNK = 500;

export interface Copied {
  readonly accounts: number;
  readonly keys: number;
  readonly usage: number;
  readonly audit: number;
}

/**
 * Everything a subscriber has, in the middle of a month too, into an empty store. The gateways of the old store are
 * stopped first. Rejects with `StoreError` when the new one is not empty.
 */
export async function copyStore(from: Stores, to: Stores): Promise<Copied> {
  if ((await to.records.accounts(null, 1)).length > 0)
    throw new StoreError('the store to copy into is not empty');
  const accounts = await inChunks(valuesOf(from.registry.accounts), (values) =>
    write(to.records, { accounts: values.map((is) => ({ was: null, is })) }),
  );
  const keys = await inChunks(valuesOf(from.registry.keys), (values) =>
    write(to.records, { keys: values.map(({ key }) => ({ was: null, is: key })) }),
  );
  const usage = await from.usage.list();
  await to.usage.add(usage);
  return { accounts, keys, usage: usage.length, audit: await copyAudit(from, to) };
}

/** Read from the latest, written from the oldest. */
async function copyAudit(from: Stores, to: Stores): Promise<number> {
  const rows = (await Array.fromAsync(valuesOf(from.registry.audit))).reverse();
  return inChunks(rows, (values) => write(to.records, { audit: values.map(({ number: _, ...row }) => row) }));
}

async function write(records: Records, change: Partial<Change>): Promise<void> {
  const written = await records.write(
    { accounts: [], keys: [], audit: [], request: null, ...change },
    Date.now(),
  );
  if (!written)
    throw new StoreError('the store to copy into was written to meanwhile; begin with an empty one');
}

/** How many there were. */
async function inChunks<Value>(
  values: AsyncIterable<Value> | Iterable<Value>,
  work: (chunk: readonly Value[]) => Promise<void>,
): Promise<number> {
  let chunk: Value[] = [];
  let count = 0;
  for await (const value of values) {
    chunk.push(value);
    count += 1;
    if (chunk.length < CHUNK) continue;
    await work(chunk);
    chunk = [];
  }
  if (chunk.length > 0) await work(chunk);
  return count;
}
