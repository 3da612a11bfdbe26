import { type Limits, PLANS, type PlanName } from './plan.ts';

/** Who pays. Usage hangs on the account, so that a second key or another plan keeps the month. */
export interface Account {
  /** Public and short; what logs and operators see. */
  readonly id: string;
  /** The operator's name for it, unique. */
  readonly name: string;
  readonly plan: PlanName;
  /** What stands in place of the plan's own numbers. */
  readonly overrides: Partial<Limits>;
  readonly suspended: boolean;
  /** Milliseconds since the epoch, or null for an account that does not end. */
  readonly expiresAtMs: number | null;
}

/** A verified key and the account it belongs to. */
export interface Caller {
  readonly account: Account;
  /** The public part of the key. */
  readonly keyId: string;
}

/** The numbers that hold for `account`: its overrides, else its plan's. */
export function limitsOf(account: Account): Limits {
  return { ...PLANS[account.plan], ...account.overrides };
}

/** Whether `account` may call at `nowMs`: neither suspended nor past its end. */
export function isActive(account: Account, nowMs: number): boolean {
  return !account.suspended && (account.expiresAtMs === null || nowMs < account.expiresAtMs);
}
