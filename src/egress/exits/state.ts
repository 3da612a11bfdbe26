import { leftOf } from './budget.ts';
import type { Member } from './member.ts';
import type { ExitState } from './port.ts';

/** How a member stands; `restUntilMs`: until when its credential rests, null when it does not. */
export function stateOf(
  { health, isStopped }: Member,
  left: number,
  restUntilMs: number | null,
): ExitState['state'] {
  if (health.state === 'set_aside') return 'set_aside';
  if (health.state === 'ejected' || restUntilMs !== null) return 'ejected';
  return left === 0 || isStopped ? 'spent' : 'healthy';
}

/** Why it is out of service, for a person; null while it is in. */
export function reasonOf(
  { health, isStopped }: Member,
  state: ExitState['state'] | 'retired',
): string | null {
  if (health.reason !== null) return health.reason;
  if (state === 'ejected') return 'its credentials are refused';
  if (state !== 'spent') return null;
  return isStopped ? 'the month’s traffic of its entry is used up' : 'no calls are left of its hour';
}

/** A member as operators see it. */
export function exitStateOf(member: Member, nowMs: number, restUntilMs: number | null): ExitState {
  const left = leftOf(member.budget, nowMs);
  const state = stateOf(member, left, restUntilMs);
  return {
    id: member.id,
    label: member.label,
    source: member.source,
    state,
    reason: reasonOf(member, state),
    limit: member.budget.limit,
    left,
    inFlight: member.inFlight,
    latencyMs: member.latencyMs,
  };
}
