/** So many accounts are told apart; with more, those with few calls are forgotten. */
export const MAX_ACCOUNTS_COUNTED = 10_000;

/** Which accounts call most. */
export interface BusyAccounts {
  note(accountId: string): void;
  /** The busiest first, with their calls since the start. */
  top(many: number): readonly { readonly accountId: string; readonly calls: number }[];
}

export function createBusyAccounts(): BusyAccounts {
  const calls = new Map<string, number>();
  return {
    note: (accountId) => {
      calls.set(accountId, (calls.get(accountId) ?? 0) + 1);
      if (calls.size > MAX_ACCOUNTS_COUNTED) forgetRare(calls);
    },
    top: (many) =>
      [...calls]
        .map(([accountId, count]) => ({ accountId, calls: count }))
        .sort((a, b) => b.calls - a.calls)
        .slice(0, many),
  };
}

/** Half of them, so that it is seldom done. */
function forgetRare(calls: Map<string, number>): void {
  const rare = [...calls].sort(([, a], [, b]) => a - b).slice(0, calls.size / 2);
  for (const [accountId] of rare) calls.delete(accountId);
}
