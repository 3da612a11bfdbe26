import type { Log } from '../domain/log.ts';
import type { OutboxEvent } from './outbox.ts';

/** What operators hear of webhooks: when they stop to arrive and when they do again, and each that is given up. */
export interface Arrivals {
  failed(event: OutboxEvent, why: string): void;
  arrived(event: OutboxEvent): void;
  givenUp(event: OutboxEvent, why: string): void;
  /** There is no room for more, or there is again. */
  isFull(full: boolean): void;
  /** Nothing is on its way any more, whoever brought it. */
  allGone(): void;
}

/** One line a change: an account whose events fail while others' arrive is told of once. */
export function createArrivals(log: Log): Arrivals {
  const failing = new Set<string>();
  let wasFull = false;
  const goesOn = (accountId: string) => {
    if (failing.delete(accountId) && failing.size === 0) log.info({}, 'webhooks arrive again');
  };
  return {
    failed: ({ id, accountId }, cause) => {
      if (failing.size === 0)
        log.warn({ event: id, account: accountId, cause }, 'a webhook did not arrive: tried again for a day');
      failing.add(accountId);
    },
    arrived: ({ accountId }) => goesOn(accountId),
    givenUp: ({ id, accountId }, cause) => {
      failing.delete(accountId);
      log.error({ event: id, account: accountId, cause }, 'a webhook was given up after a day');
    },
    isFull: (full) => {
      if (full && !wasFull) log.error({}, 'too many webhooks wait: further ones are kept back');
      if (!full && wasFull) log.info({}, 'there is room for webhooks again');
      wasFull = full;
    },
    allGone: () => {
      for (const accountId of failing) goesOn(accountId);
    },
  };
}
