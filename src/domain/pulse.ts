/** What happens inside that belongs to no single call, told where it happens. No method throws or waits. */
export interface Pulse {
  /** The store answered a question after `ms`. */
  storeAnswered(ms: number): void;
  /** A call was served without the store, within its account's grant. */
  grantUsed(): void;
  /** A connection to Bitbucket was opened through an exit: TCP, tunnel and TLS. */
  tunnelOpened(): void;
  /** A webhook was sent, for the first time or again; `given_up` when it was tried for a day. */
  webhookSent(result: WebhookResult): void;
}

export type WebhookResult = 'delivered' | 'failed' | 'given_up';

/** Nobody listens. */
export const silentPulse: Pulse = {
  storeAnswered: () => {},
  grantUsed: () => {},
  tunnelOpened: () => {},
  webhookSent: () => {},
};

/** A pulse that can be felt before anybody listens: rooms are opened earlier than what counts them. */
export interface PulseLine extends Pulse {
  /** From now on `listener` is told, and nobody else. */
  listen(listener: Pulse): void;
}

export function createPulseLine(): PulseLine {
  let to = silentPulse;
  return {
    storeAnswered: (ms) => to.storeAnswered(ms),
    grantUsed: () => to.grantUsed(),
    tunnelOpened: () => to.tunnelOpened(),
    webhookSent: (result) => to.webhookSent(result),
    listen: (listener) => {
      to = listener;
    },
  };
}
