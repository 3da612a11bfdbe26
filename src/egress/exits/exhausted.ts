import { Failure } from '../../domain/failure.ts';

const SHORTEST_MS = 1_000;
/** Where nobody can say when: only a hand brings the exits back. */
const UNKNOWN_MS = 3_600_000;

const WAIT = 'Wait as long as Retry-After says.';
const MESSAGES = {
  ceiling: `The calls that may go to Bitbucket in this hour are used up. ${WAIT}`,
  share: `Calls to Bitbucket are scarce in this hour and your share of them is used. ${WAIT}`,
  exits: `No way out to Bitbucket is free: all exits are used up or out of order. ${WAIT}`,
} as const;

/** No call can leave before `restMs` have passed. */
export function exhausted(what: keyof typeof MESSAGES, restMs: number): Failure {
  const retryAfterMs = Number.isFinite(restMs) ? Math.max(SHORTEST_MS, restMs) : UNKNOWN_MS;
  return new Failure('exits_exhausted', MESSAGES[what], { retryAfterMs });
}

/** The store that counts the exits' calls is away, and none is leased from it. */
export const storeAway = (cause: unknown): Failure =>
  new Failure('store_unavailable', 'Calls to Bitbucket cannot be counted right now. Try again.', {
    retryAfterMs: SHORTEST_MS,
    cause,
  });
