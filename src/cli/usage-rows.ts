import { type Account, limitsOf } from '../domain/account.ts';
import { valuesOf } from '../keys/lists.ts';
import type { Stores } from '../open-stores.ts';
import type { TableRow } from './table.ts';

/** What every account used in every month; of one account (ID or name) where `wanted` is given. */
export async function usageRows(
  { registry, usage: months }: Stores,
  wanted: string | undefined,
): Promise<TableRow[]> {
  const accounts = new Map<string, Account>();
  if (wanted === undefined) {
    for await (const account of valuesOf(registry.accounts)) accounts.set(account.id, account);
  } else {
    const account = await registry.account(wanted);
    accounts.set(account.id, account);
  }
  const usage = await months.list();
  const shown = wanted === undefined ? usage : usage.filter(({ accountId }) => accounts.has(accountId));
  return shown.map(({ accountId, period, used }) => {
    const account = accounts.get(accountId);
    const quota = account === undefined ? null : limitsOf(account).callsPerMonth;
    return { account: account?.name ?? accountId, accountId, period, used, quota };
  });
}
