import type { WebhookEvent } from './event.ts';
import { webhookBodyOf } from './event.ts';
import type { Outbox, OutboxEvent } from './outbox.ts';

/** What was done to accounts and keys, by whichever program, as the store keeps it in its order. */
export interface AuditTrail {
  /** The number that the next row will have. */
  end(): Promise<number>;
  /** What the rows from `number` on tell, at most `rows` of them, and the number behind the last. */
  read(
    number: number,
    rows: number,
  ): Promise<{ readonly events: readonly WebhookEvent[]; readonly next: number }>;
}

/** Rows read in one step. */
const ROWS = 200;

export const outboxEventOf = (event: WebhookEvent): OutboxEvent => ({
  id: event.id,
  accountId: event.accountId,
  createdAtMs: event.createdAtMs,
  body: webhookBodyOf(event),
});

/**
 * Takes what the trail tells over into the outbox, as far as it goes; what came before the first time is nobody's
 * news. `full`: there is no room, and the trail keeps the rest. Rejects as the store does; nothing is lost then, and
 * nothing is told twice.
 */
export async function followAudit(outbox: Outbox, trail: AuditTrail): Promise<'at its end' | 'full'> {
  for (;;) {
    const was = await outbox.followedTo();
    if (was === null) {
      await outbox.add([], { was, is: await trail.end() });
      return 'at its end';
    }
    const { events, next } = await trail.read(was, ROWS);
    if (next === was) return 'at its end';
    if ((await outbox.add(events.map(outboxEventOf), { was, is: next })) === 'full') return 'full';
  }
}
