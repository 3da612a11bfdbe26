import { Failure } from '../domain/failure.ts';

/** What callers are told while the store cannot be read or written; `cause` is for the log. */
export function unavailable(cause: unknown): Failure {
  if (cause instanceof Failure) return cause;
  return new Failure('store_unavailable', 'The store cannot be used right now. Try again.', {
    retryAfterMs: 1_000,
    cause,
  });
}
