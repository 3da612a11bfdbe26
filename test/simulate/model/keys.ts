import type { History, Violation } from '../history.ts';
import { isAnswered, isIn, storeTroubles } from './facts.ts';

/** A change reaches every gateway within this while the store is reachable, ms. */
const REACHES_MS = 1_000;
const FREE_OF_KEYS = new Set(['draining', 'overloaded', 'store_unavailable', 'route_not_found']);

/** What an operator has ended is over a second later. */
export function checkKeys(history: History): Violation[] {
  const troubles = history.setup.store === 'redis' ? storeTroubles(history) : [];
  const violations: Violation[] = [];
  const suspensions = suspensionsOf(history);
  for (const call of history.calls.filter(isAnswered)) {
    const { askedAtMs, end, account, keyNumber } = call;
    if (FREE_OF_KEYS.has(end.code ?? '')) continue;
    const key = history.keys.find((one) => one.account === account && one.number === keyNumber);
    const isReachable = (sinceMs: number) => !isIn(troubles, sinceMs, end.atMs);
    const behindMs = key?.isEndedAtOnce ? 0 : mostBehindMs(history, call.gateway);
    if (
      key !== undefined &&
      end.code !== 'key_invalid' &&
      askedAtMs > key.endsAtMs + REACHES_MS + behindMs &&
      isReachable(key.endsAtMs)
    )
      violations.push({
        promise: 'a key that ended is refused a second later',
        words: `call ${call.n} at ${askedAtMs} with a key that ended at ${key.endsAtMs}: ${end.status} ${end.code}`,
      });
    if (key === undefined || end.code === 'key_invalid') continue;
    const wasSuspended = suspensions.some(
      (one) =>
        one.account === account &&
        askedAtMs > one.fromMs + REACHES_MS &&
        end.atMs < one.toMs &&
        isReachable(one.fromMs),
    );
    const mayBeSuspended = suspensions.some(
      (one) =>
        one.account === account &&
        end.atMs >= one.beganMs &&
        (askedAtMs <= one.toMs + REACHES_MS || !isReachable(one.toMs)),
    );
    const isRefused = end.code === 'subscription_inactive';
    if ((wasSuspended && !isRefused) || (isRefused && !mayBeSuspended))
      violations.push({
        promise: 'an account is refused while it is suspended, and then only',
        words: `call ${call.n} at ${askedAtMs}: ${end.status} ${end.code}`,
      });
  }
  return violations;
}

/** From the operator's success on; what was given in vain proves nothing. */
const suspensionsOf = ({ acts }: History) =>
  acts.flatMap(({ event, beganAtMs, doneAtMs }) => {
    if (event.do !== 'suspend') return [];
    const toMs = doneAtMs ?? Number.POSITIVE_INFINITY;
    // The command itself may have been given several times, and another may have ended it: only the rest is sure.
    const isAlone = !acts.some(
      (other) =>
        other.event !== event && other.event.do === 'suspend' && other.event.account === event.account,
    );
    const fromMs = doneAtMs === null || !isAlone ? Number.POSITIVE_INFINITY : doneAtMs - event.forMs;
    return [{ account: event.account, beganMs: beganAtMs, fromMs, toMs }];
  });

/** How far a gateway's calendar was behind the operator's at most, ms: the end of an overlap is a moment of the calendar. */
function mostBehindMs({ offsets }: History, gateway: number): number {
  let [ahead, least] = [0, 0];
  for (const { of, ms } of offsets) {
    if (of !== gateway) continue;
    ahead += ms;
    least = Math.min(least, ahead);
  }
  return -least;
}
