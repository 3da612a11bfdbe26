import type { Clock } from '../domain/clock.ts';

/** How long a store that failed is left alone, ms. */
const REST_MS = 250;

/** The store failed a moment ago and is not asked again yet. */
export class OpenBreakerError extends Error {
  override readonly name = 'OpenBreakerError';
}

export interface Breaker {
  /** Runs `work`, or rejects at once while the store is left alone. One caller at a time finds out whether it is back. */
  run<Result>(work: () => Promise<Result>): Promise<Result>;
  /** Whether the store answered last time. */
  isClosed(): boolean;
}

/**
 * Spares callers the wait for a store that is away: the first of them waits `timeoutMs` at most, whatever the client
 * tries meanwhile, and after one failure the verdict is immediate.
 */
export function createBreaker(clock: Clock, timeoutMs: number): Breaker {
  let openUntilMs = Number.NEGATIVE_INFINITY;
  let failed = false;
  return {
    isClosed: () => !failed,
    run: async (work) => {
      const nowMs = clock.monotonic();
      if (nowMs < openUntilMs) throw new OpenBreakerError('the store is left alone for a moment');
      if (failed) openUntilMs = nowMs + REST_MS;
      try {
        const result = await within(timeoutMs, work());
        failed = false;
        openUntilMs = Number.NEGATIVE_INFINITY;
        return result;
      } catch (error) {
        failed = true;
        openUntilMs = clock.monotonic() + REST_MS;
        throw error;
      }
    },
  };
}

function within<Result>(timeoutMs: number, work: Promise<Result>): Promise<Result> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('the store did not answer in time')), timeoutMs);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
