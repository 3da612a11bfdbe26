import { type Account, limitsOf } from '../domain/account.ts';
import type { Clock } from '../domain/clock.ts';
import { Failure } from '../domain/failure.ts';
import { createAddressCounter } from '../limits/address-counter.ts';

const WINDOW_MS = 1_000;
/** An agent greets with three messages at once, whatever its plan. */
const LEAST_PER_SECOND = 10;

/**
 * What costs nothing needs a bound of its own: messages a second of one account that are no tool calls, at least ten and
 * else as many as its plan has calls. They take nothing of the plan's own second. Throws `rate_exceeded`.
 */
export function createListingGate(clock: Clock): (account: Account) => void {
  const counter = createAddressCounter(clock, WINDOW_MS);
  return (account) => {
    const { current, ttl } = counter.count(account.id);
    if (current <= Math.max(LEAST_PER_SECOND, limitsOf(account).callsPerSecond)) return;
    throw new Failure('rate_exceeded', 'Too many messages that call no tool in one second.', {
      retryAfterMs: ttl,
    });
  };
}
