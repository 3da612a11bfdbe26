import type { Clock } from '../../domain/clock.ts';
import { type Once, OperatorError } from '../../domain/operator.ts';

const KEPT_MS = 86_400_000;
const MAX_KEPT = 10_000;

/**
 * The names of requests that changed this gateway alone, for a day: another request under one of them is refused. What
 * makes keys is remembered by the store instead.
 */
export function createRemembered(clock: Clock) {
  const known = new Map<string, { readonly fingerprint: string; readonly atMs: number }>();
  return ({ name, fingerprint }: Once): void => {
    const before = known.get(name);
    if (before !== undefined && clock.now() - before.atMs < KEPT_MS) {
      if (before.fingerprint === fingerprint) return;
      throw new OperatorError(
        'idempotency_conflict',
        'This Idempotency-Key was sent with another request; take a new one.',
        'Idempotency-Key',
      );
    }
    known.delete(name);
    known.set(name, { fingerprint, atMs: clock.now() });
    const [oldest] = known.keys();
    if (known.size > MAX_KEPT && oldest !== undefined) known.delete(oldest);
  };
}
