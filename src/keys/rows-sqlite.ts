import type { Account } from '../domain/account.ts';
import type { Limits } from '../domain/plan.ts';
import type { KeyRecord, NumberedAuditRow, RequestRecord } from './records.ts';
import { knownPlan } from './terms.ts';

/** As node:sqlite gives it. */
export type Row = Readonly<Record<string, unknown>>;

/** A row of `accounts` in the domain's words. */
export const accountOf = (row: Row): Account => ({
  id: String(row.id),
  name: String(row.name),
  plan: knownPlan(String(row.plan)),
  overrides: JSON.parse(String(row.overrides)) as Partial<Limits>,
  suspended: row.suspended === 1,
  expiresAtMs: row.expires_at_ms as number | null,
});

/** A row of `keys`, its ID as `key_id`. */
export const keyRecordOf = (row: Row): KeyRecord => ({
  hash: String(row.hash),
  id: String(row.key_id),
  accountId: String(row.account_id),
  createdAtMs: Number(row.created_at_ms),
  endsAtMs: row.ends_at_ms as number | null,
  ...(row.revoked === 1 ? { revoked: true } : {}),
});

/** A row of `audit`, its rowid as `number`. */
export const auditRowOf = (row: Row): NumberedAuditRow => ({
  number: Number(row.number),
  atMs: Number(row.at_ms),
  action: String(row.action),
  accountId: String(row.account_id),
  detail: String(row.detail),
});

/** A row of `requests`. */
export const requestOf = (row: Row): RequestRecord => ({
  name: String(row.name),
  fingerprint: String(row.fingerprint),
  accountId: String(row.account_id),
  keyId: String(row.key_id),
  endsAtMs: Number(row.ends_at_ms),
});
