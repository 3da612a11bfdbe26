import type { Account } from '../../src/domain/account.ts';
import { Failure } from '../../src/domain/failure.ts';
import type { Charge, Meter } from '../../src/limits/meter.ts';

let count = 0;

/** An account of its own; a large second unless told. */
export function accountWith(callsPerMonth: number, callsPerSecond = 1_000_000, id = newId()): Account {
  return {
    id,
    name: id,
    plan: 'free',
    overrides: { callsPerMonth, callsPerSecond },
    suspended: false,
    expiresAtMs: null,
  };
}

export function newId(): string {
  count += 1;
  return `account-${process.pid}-${count}`;
}

export type Verdict = 'granted' | 'rate' | 'quota' | 'store_unavailable';

/** One call as the way makes it: a place, then the step. */
export async function call(meter: Meter, account: Account): Promise<Verdict> {
  return (await callFor(meter, account)).verdict;
}

export async function callFor(
  meter: Meter,
  account: Account,
): Promise<{ readonly verdict: Verdict; readonly charge: Charge | null }> {
  const reserved = meter.reserve(account);
  if (!reserved.admitted) return { verdict: 'rate', charge: null };
  try {
    const spent = await meter.spend(account, reserved.slot);
    if (spent.granted) return { verdict: 'granted', charge: spent.charge };
    return { verdict: spent.by, charge: null };
  } catch (error) {
    if (error instanceof Failure && error.code === 'store_unavailable')
      return { verdict: 'store_unavailable', charge: null };
    throw error;
  }
}

/** Many at once, spread over the meters. */
export const calls = (meters: readonly Meter[], account: Account, times: number): Promise<Verdict[]> =>
  Promise.all(Array.from({ length: times }, (_, i) => call(meters[i % meters.length] as Meter, account)));

/** How often each verdict fell. */
export function tally(verdicts: readonly Verdict[]): Partial<Record<Verdict, number>> {
  const counts: Partial<Record<Verdict, number>> = {};
  for (const verdict of verdicts) counts[verdict] = (counts[verdict] ?? 0) + 1;
  return counts;
}

export const usedOf = async (
  usage: { list(): Promise<readonly { readonly accountId: string; readonly used: number }[]> },
  account: Account,
): Promise<number> =>
  (await usage.list())
    .filter(({ accountId }) => accountId === account.id)
    .reduce((sum, { used }) => sum + used, 0);
