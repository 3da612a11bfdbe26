import { limitsOf } from '../../domain/account.ts';
import type { Clock } from '../../domain/clock.ts';
import type { Operator } from '../../domain/operator.ts';
import type { PlanName } from '../../domain/plan.ts';
import { monthOf, summaryOf } from '../../domain/usage-summary.ts';
import type { BusyAccounts } from './busy-accounts.ts';

/** So many accounts are shown. */
export const ACCOUNTS_SHOWN = 10;
/** How often they are looked up in the store, ms. */
const LOOK_EVERY_MS = 2_000;

/** An account and how much of its month is used. */
export interface AccountMonth {
  readonly id: string;
  /** Operators' own text. */
  readonly name: string;
  readonly plan: PlanName;
  readonly suspended: boolean;
  readonly expiresAtMs: number | null;
  readonly callsPerMonth: number;
  /** Calls of the month that were charged, over all gateways. */
  readonly used: number;
  /** Calls through this gateway since its start. */
  readonly calls: number;
}

export interface AccountMonthsOptions {
  readonly operator: Pick<Operator, 'accounts' | 'usage'>;
  readonly busyAccounts: Pick<BusyAccounts, 'top'>;
  readonly clock: Clock;
}

/** The busiest accounts, and others while these are few. Looked up off the way of any frame. */
export interface AccountMonths {
  /** As they were last known; a store that is away leaves them as they are. */
  list(): readonly AccountMonth[];
  /** Looks them up again where it is time; nothing is asked twice at once. */
  look(): void;
}

export function createAccountMonths({ operator, busyAccounts, clock }: AccountMonthsOptions): AccountMonths {
  let known: readonly AccountMonth[] = [];
  let looking = false;
  let lookedAtMs = Number.NEGATIVE_INFINITY;

  const read = async () => {
    const calls = new Map(busyAccounts.top(ACCOUNTS_SHOWN).map(({ accountId, calls }) => [accountId, calls]));
    const ids = [...calls.keys()];
    if (ids.length < ACCOUNTS_SHOWN) {
      const { values } = await operator.accounts.list({ cursor: null, limit: ACCOUNTS_SHOWN });
      ids.push(...values.map(({ id }) => id).filter((id) => !calls.has(id)));
    }
    const months = ids
      .slice(0, ACCOUNTS_SHOWN)
      .map((id) => accountMonth(operator, id, calls.get(id) ?? 0, monthOf(clock.now())));
    known = await Promise.all(months);
  };

  return {
    list: () => known,
    look: () => {
      if (looking || clock.monotonic() - lookedAtMs < LOOK_EVERY_MS) return;
      looking = true;
      lookedAtMs = clock.monotonic();
      const done = () => {
        looking = false;
      };
      read().then(done, done);
    },
  };
}

async function accountMonth(
  { accounts, usage }: Pick<Operator, 'accounts' | 'usage'>,
  id: string,
  calls: number,
  month: string,
): Promise<AccountMonth> {
  const [account, rows] = await Promise.all([accounts.find(id), usage.read(id, month)]);
  return {
    id,
    name: account.name,
    plan: account.plan,
    suspended: account.suspended,
    expiresAtMs: account.expiresAtMs,
    callsPerMonth: limitsOf(account).callsPerMonth,
    used: summaryOf(rows).total.charged,
    calls,
  };
}
