import type { Account } from '../domain/account.ts';
import { isPlanName, type Limits, PLAN_NAMES, type PlanName } from '../domain/plan.ts';

/** The operator's request cannot be carried out; the message says why and what to do. */
export class RegistryError extends Error {
  override readonly name = 'RegistryError';
  readonly kind: 'invalid' | 'not_found' | 'conflict';
  /** Which of the things given is at fault, where one is. */
  readonly parameter: string | null;

  constructor(kind: RegistryError['kind'], message: string, parameter: string | null = null) {
    super(message);
    this.kind = kind;
    this.parameter = parameter;
  }
}

export interface NewAccount {
  readonly name: string;
  readonly plan: PlanName;
  readonly overrides: Partial<Limits>;
  /** Epoch ms, or null for an account that does not end. */
  readonly expiresAtMs: number | null;
}

/** What may be changed of an account; what is left out stays. */
export interface AccountPatch {
  readonly plan?: PlanName;
  readonly suspended?: boolean;
  /** Null puts the plan's own number back. */
  readonly callsPerMonth?: number | null;
  readonly callsPerSecond?: number | null;
  readonly expiresAtMs?: number | null;
}

/** The most that an account may be given, beside the least, which is 1. */
export const MOST: Limits = { callsPerMonth: 1_000_000_000, callsPerSecond: 1_000_000 };
/** How long a rotated key may go on, ms. */
export const MAX_OVERLAP_MS = 365 * 86_400_000;
const MAX_NAME_LENGTH = 200;
/** The last moment that a date can name. */
const MAX_DATE_MS = 8.64e15;
/** What our own IDs look like, so that a name is never taken for one. */
const ID = /^acct_[0-9A-Za-z]{12}$/;

/** A name as it is kept: one writing for what looks the same. */
export const nameOf = (text: string): string => text.normalize('NFC').trim();

/** `wanted` with its name as it is kept. Throws `RegistryError`, naming the parameter at fault. */
export function checkedAccount(wanted: NewAccount): NewAccount {
  const name = nameOf(wanted.name);
  if (name === '' || name.length > MAX_NAME_LENGTH || !name.isWellFormed() || /\p{Cc}/u.test(name))
    throw invalid('name', `name has 1 to ${MAX_NAME_LENGTH} characters, none of them a control character`);
  if (ID.test(name)) throw invalid('name', 'name must not look like the ID of an account');
  checkTerms(wanted.plan, wanted.overrides, wanted.expiresAtMs);
  return { ...wanted, name };
}

/** `account` with `patch` taken over. Throws `RegistryError`, naming the parameter at fault. */
export function patched(account: Account, patch: AccountPatch): Account {
  const overrides = { ...account.overrides };
  for (const name of ['callsPerMonth', 'callsPerSecond'] as const) {
    const limit = patch[name];
    if (limit === null) delete (overrides as Partial<Record<keyof Limits, number>>)[name];
    else if (limit !== undefined) Object.assign(overrides, { [name]: limit });
  }
  const { plan = account.plan, suspended = account.suspended } = patch;
  const expiresAtMs = patch.expiresAtMs === undefined ? account.expiresAtMs : patch.expiresAtMs;
  checkTerms(plan, overrides, expiresAtMs);
  return { ...account, plan, suspended, overrides, expiresAtMs };
}

/** Throws `RegistryError` for an overlap that is no whole number of ms, negative, or longer than a year. */
export function checkOverlap(overlapMs: number): void {
  if (!isWhole(overlapMs, 0, MAX_OVERLAP_MS))
    throw invalid('overlapSeconds', 'the overlap is from 0 s to 365 days');
}

function checkTerms(plan: PlanName, overrides: Partial<Limits>, expiresAtMs: number | null): void {
  if (!isPlanName(plan)) throw invalid('plan', `plan is one of ${PLAN_NAMES.join(', ')}`);
  for (const name of ['callsPerMonth', 'callsPerSecond'] as const) {
    const limit = overrides[name];
    if (limit !== undefined && !isWhole(limit, 1, MOST[name]))
      throw invalid(name, `${name} is a whole number from 1 to ${MOST[name]}`);
  }
  if (expiresAtMs !== null && !isWhole(expiresAtMs, 0, MAX_DATE_MS))
    throw invalid('expiresAt', 'expiresAt is a date');
}

const isWhole = (value: number, min: number, max: number): boolean =>
  Number.isSafeInteger(value) && value >= min && value <= max;

const invalid = (parameter: string, message: string) => new RegistryError('invalid', message, parameter);

/** A plan as a store names it. Throws when this program does not know it. */
export function knownPlan(plan: string): PlanName {
  if (isPlanName(plan)) return plan;
  throw new Error(`the store names the plan ${plan}, which this program does not know`);
}
