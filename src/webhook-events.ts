import { createHash } from 'node:crypto';
import type { Account } from './domain/account.ts';
import { isoOf } from './domain/calendar.ts';
import { type Happening, happeningsOf } from './keys/audit-words.ts';
import type { NumberedAuditRow } from './keys/records.ts';
import type { QuotaReached } from './limits/quota-warnings.ts';
import type { WebhookEvent } from './webhooks/event.ts';

/** What a row of the audit tells the receiver; nothing where it has never asked for that. */
export function eventsOfAudit(row: NumberedAuditRow, account: Account): WebhookEvent[] {
  const { number, atMs, action, detail, accountId } = row;
  return happeningsOf(row).map((happening) => {
    const { type, key } = toldOf(happening);
    return {
      id: idOf([number, atMs, accountId, action, detail, type]),
      type,
      accountId,
      createdAtMs: atMs,
      data: { account: accountOf(account), ...(key === undefined ? {} : { key }) },
    };
  });
}

/** The same event wherever it is found out, once for an account, a month, its limit and a level. */
export const quotaEventOf = ({
  account,
  period,
  percent,
  limit,
  used,
  atMs,
}: QuotaReached): WebhookEvent => ({
  id: idOf([account.id, period, limit, percent]),
  type: 'quota.reached',
  accountId: account.id,
  createdAtMs: atMs,
  data: { account: accountOf(account), period, percent, limit, used },
});

const accountOf = ({ id, name, plan }: Account) => ({ id, name, plan });

function toldOf(happening: Happening): { readonly type: WebhookEvent['type']; readonly key?: object } {
  switch (happening.kind) {
    case 'key created':
      return { type: 'key.created', key: { id: happening.keyId, replaces: happening.replaces } };
    case 'key revoked': {
      const { keyId: id, replacedBy: replaced_by, endsAtMs } = happening;
      return { type: 'key.revoked', key: { id, ends_at: isoOf(endsAtMs), replaced_by } };
    }
    case 'account suspended':
      return { type: 'account.suspended' };
    case 'account resumed':
      return { type: 'account.resumed' };
  }
}

const idOf = (parts: readonly unknown[]): string =>
  `evt_${createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 24)}`;
