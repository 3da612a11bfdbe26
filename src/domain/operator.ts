import type { Account } from './account.ts';
import type { Limits, PlanName } from './plan.ts';
import type { Story } from './story.ts';
import type { CostsView, ExitsUse } from './traffic.ts';
import type { UsageRow } from './usage.ts';

/** Part of a list. `next` leads to the rest; null at its end. */
export interface ListPage<Value> {
  readonly values: readonly Value[];
  readonly next: string | null;
}

/** Where a list goes on, and how much of it is wanted. */
export interface ListAt {
  /** The `next` of the page before; null for the first. */
  readonly cursor: string | null;
  /** At most so many values. */
  readonly limit: number;
}

/** What an operator asks for once, however often it is sent; kept for 24 hours in the store. */
export interface Once {
  /** The sender's own name for the request. */
  readonly name: string;
  /** Of what is asked: another one under the same key is refused. */
  readonly fingerprint: string;
}

/** A key as operators see it. */
export interface KeyView {
  readonly id: string;
  readonly accountId: string;
  readonly createdAtMs: number;
  /** From when on it is refused; null while it is good. */
  readonly endsAtMs: number | null;
}

/** A key just made. */
export interface KeyMade extends KeyView {
  /** Shown once; null when the request was carried out before. */
  readonly key: string | null;
}

/** What an account is made with. */
export interface AccountTerms {
  readonly name: string;
  readonly plan: PlanName;
  readonly overrides: Partial<Limits>;
  readonly expiresAtMs: number | null;
}

/** What of an account can be changed. An override of null goes back to the plan's own number. */
export interface AccountChange {
  readonly plan?: PlanName;
  readonly suspended?: boolean;
  readonly callsPerMonth?: number | null;
  readonly callsPerSecond?: number | null;
  readonly expiresAtMs?: number | null;
}

export interface AuditView {
  readonly atMs: number;
  readonly action: string;
  readonly accountId: string;
  readonly detail: string;
}

/** Accounts and keys. Rejects with `OperatorError`, or with the failure `store_unavailable`. */
export interface AccountsDesk {
  create(terms: AccountTerms, once: Once | null): Promise<{ account: Account; key: KeyMade }>;
  /** By ID or name. */
  find(account: string): Promise<Account>;
  list(at: ListAt): Promise<ListPage<Account>>;
  change(account: string, change: AccountChange): Promise<Account>;
  createKey(account: string, once: Once | null): Promise<KeyMade>;
  findKey(id: string): Promise<KeyView>;
  /** All keys, or those of one account. */
  listKeys(at: ListAt, account: string | null): Promise<ListPage<KeyView>>;
  /** The new key; the old one goes on for `overlapMs`. */
  rotateKey(id: string, overlapMs: number, once: Once | null): Promise<KeyMade>;
  revokeKey(id: string): Promise<KeyView>;
  /** The newest first. */
  listAudit(at: ListAt): Promise<ListPage<AuditView>>;
}

export type ExitStateName = 'healthy' | 'ejected' | 'spent' | 'retired' | 'set_aside';

/** An exit as operators see it: never its password. */
export interface ExitView {
  /** Fit for a path. */
  readonly id: string;
  readonly label: string;
  /** The entry of the list that made it. */
  readonly source: string;
  readonly state: ExitStateName;
  readonly hourlyBudget: number;
  readonly budgetLeft: number;
  readonly inFlight: number;
  /** Null until something was measured. */
  readonly latencyMs: number | null;
  /** Why it is out of service; null while it is in. */
  readonly reason: string | null;
}

/** The exits of this gateway. */
export interface ExitsDesk {
  list(): readonly ExitView[];
  /** Takes no more calls through it until it is brought back. False where there is no such exit. */
  setAside(id: string): boolean;
  bringBack(id: string): boolean;
  /** Reads the list again. Rejects with `OperatorError` naming the entry at fault; the old list stays then. */
  reload(): Promise<{ readonly exits: number }>;
}

/** What accounts used. Rejects while the store cannot be read. */
export interface UsageDesk {
  /** Of an account by its ID, or of all of them where it is null; `'2026-11'`. */
  read(account: string | null, month: string): Promise<readonly UsageRow[]>;
}

/** What traffic through paid exits costs, at today's prices. */
export interface CostsDesk {
  /** Of the present month, by what is known at this moment. */
  month(): CostsView;
  /** Of a month, of an account by its ID, or of all of them where it is null. Rejects while the store cannot be read. */
  exits(account: string | null, month: string): Promise<ExitsUse>;
}

/** What became of single calls. */
export interface CallsDesk {
  /** Null where nothing is known of it any more. */
  find(requestId: string): Promise<Story | null>;
}

export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** What the gateway holds at this moment. */
export interface InsideView {
  readonly callsUnderWay: number;
  readonly bytesInFlight: number;
  /** Through paid exits this month, over all gateways. */
  readonly monthTrafficBytes: number;
  /** Servers of the store that are taken to be away; 0 for a file. */
  readonly storeServersAway: number;
  /** Events that have not arrived at their receiver yet, over all gateways. */
  readonly webhooksPending: number;
  /** How long the oldest of them has been on its way, ms; 0 where there is none. */
  readonly webhooksOldestMs: number;
}

/** What an operator of a running gateway can see and do. Handed to the door; it knows nothing behind it. */
export interface Operator {
  readonly accounts: AccountsDesk;
  readonly exits: ExitsDesk;
  readonly usage: UsageDesk;
  readonly calls: CallsDesk;
  readonly costs: CostsDesk;
  /** Whether calls should be sent here; never rejects. */
  isReady(): Promise<boolean>;
  inside(): InsideView;
  /** Until the next start. */
  setLogLevel(level: LogLevel): void;
}

/** Why a request of the operator cannot be carried out. */
export type OperatorErrorCode = 'invalid_request' | 'not_found' | 'idempotency_conflict';

/** The message is for the operator: it says why, and what to do. */
export class OperatorError extends Error {
  override readonly name = 'OperatorError';
  readonly code: OperatorErrorCode;
  /** Which of the things given is at fault, where one is. */
  readonly parameter: string | null;

  constructor(code: OperatorErrorCode, message: string, parameter: string | null = null) {
    super(message);
    this.code = code;
    this.parameter = parameter;
  }
}
