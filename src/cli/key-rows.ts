import type { Account } from '../domain/account.ts';
import { isoOf } from '../domain/calendar.ts';
import { keyStateOf } from '../keys/key-state.ts';
import type { NumberedAuditRow, OwnedKey } from '../keys/records.ts';
import type { Made } from '../keys/settle.ts';
import { type TableRow, tableOf } from './table.ts';

/** What a command has to say: one JSON document, and the same for a person. */
export interface Said {
  readonly json: unknown;
  readonly text: string;
}

export const saidOfRows = (rows: readonly TableRow[]): Said => ({ json: rows, text: tableOf(rows) });

/** The one place that says a key, once. */
export function saidOfNewKey(key: string, { account, keyId }: Made): Said {
  const { id, name, plan } = account;
  return {
    json: { key, id: keyId, account: name, accountId: id, plan },
    text: `${key}\n\nThis key (ID ${keyId}, account ${name}, plan ${plan}) is shown once; keep it safe.`,
  };
}

export function saidOfAccount({ id, name, plan, suspended }: Account): Said {
  return {
    json: { account: name, accountId: id, plan, suspended },
    text: `${name}: plan ${plan}${suspended ? ', suspended' : ''}.`,
  };
}

export function keyRowOf(owned: OwnedKey, nowMs: number): TableRow {
  const { key, account } = owned;
  return {
    id: key.id,
    account: account.name,
    plan: account.plan,
    state: keyStateOf(owned, nowMs),
    created: isoOf(key.createdAtMs),
    ends: key.endsAtMs === null ? null : isoOf(key.endsAtMs),
  };
}

export const auditLineOf = ({ atMs, action, accountId, detail }: NumberedAuditRow): TableRow => ({
  at: isoOf(atMs),
  action,
  accountId,
  detail,
});
