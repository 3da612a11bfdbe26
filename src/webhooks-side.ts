import type { Config } from './config.ts';
import type { Clock } from './domain/clock.ts';
import type { Log } from './domain/log.ts';
import type { Pulse } from './domain/pulse.ts';
import type { Records } from './keys/records.ts';
import type { QuotaReached } from './limits/quota-warnings.ts';
import type { Stores } from './open-stores.ts';
import { eventsOfAudit, quotaEventOf } from './webhook-events.ts';
import { createCourier } from './webhooks/courier.ts';
import type { AuditTrail } from './webhooks/follow.ts';
import { openOutbox } from './webhooks/open-outbox.ts';
import { createReceiver } from './webhooks/receiver.ts';

export interface WebhookParts {
  readonly config: Pick<Config, 'WEBHOOK_URL' | 'WEBHOOK_SECRET'>;
  readonly stores: Pick<Stores, 'backend' | 'records'>;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  readonly pulse: Pulse;
}

/** What the marketplace is told, where it asked for it. */
export interface Webhooks {
  quotaReached(news: QuotaReached): void;
  /** What has not arrived yet, over all gateways, and for how long the oldest of it has been on its way, ms. */
  backlog(): { readonly pending: number; readonly oldestMs: number };
  /** What happens from now on is told. Rejects as the store does. */
  ready(): Promise<void>;
  close(): Promise<void>;
}

const NONE: Webhooks = {
  quotaReached: () => {},
  backlog: () => ({ pending: 0, oldestMs: 0 }),
  ready: async () => {},
  close: async () => {},
};

export function createWebhooks({ config, stores, ...world }: WebhookParts): Webhooks {
  const { WEBHOOK_URL: url, WEBHOOK_SECRET: secret } = config;
  if (url === undefined || secret === undefined) return NONE;
  const courier = createCourier({
    ...world,
    outbox: openOutbox(stores.backend),
    trail: auditTrailOf(stores.records),
    receiver: createReceiver({ url, secret, clock: world.clock }),
  });
  return {
    quotaReached: (news) => {
      if (news.percent !== 90) courier.tell(quotaEventOf(news));
    },
    backlog: () => {
      const { pending, oldestAtMs } = courier.backlog();
      return { pending, oldestMs: oldestAtMs === null ? 0 : Math.max(0, world.clock.now() - oldestAtMs) };
    },
    ready: () => courier.ready(),
    close: () => courier.close(),
  };
}

/** The audit as the trail of what is told, with the accounts as they are when it is read. */
export const auditTrailOf = (records: Records): AuditTrail => ({
  end: async () => ((await records.audit(null, 1))[0]?.number ?? -1) + 1,
  read: async (number, limit) => {
    const rows = await records.auditFrom(number, limit);
    const events = await Promise.all(
      rows.map(async (row) => {
        const account = await records.findAccount(row.accountId);
        return account === null ? [] : eventsOfAudit(row, account);
      }),
    );
    return { events: events.flat(), next: (rows.at(-1)?.number ?? number - 1) + 1 };
  },
});
