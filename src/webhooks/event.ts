import { isoOf } from '../domain/calendar.ts';

/** What the marketplace is told of. */
export type WebhookType =
  | 'key.created'
  | 'key.revoked'
  | 'account.suspended'
  | 'account.resumed'
  | 'quota.reached';

/** One thing that happened, told once by its id, however often it is sent. */
export interface WebhookEvent {
  /** The same wherever and however often the same thing is found to have happened. */
  readonly id: string;
  readonly type: WebhookType;
  /** In whose order it is sent. */
  readonly accountId: string;
  readonly createdAtMs: number;
  /** Never a key, never a secret. */
  readonly data: Readonly<Record<string, unknown>>;
}

/** The body that is signed and sent, the same on every try. */
export const webhookBodyOf = ({ id, type, createdAtMs, data }: WebhookEvent): string =>
  JSON.stringify({ id, type, created_at: isoOf(createdAtMs), data });
