/** How the promise that is waited for is settled. */
export interface Settling<Value> {
  resolve(value: Value): void;
  reject(error: unknown): void;
}

/** Settles another promise as `work` does, after `first`: what `finally` would do with three promises more. */
export function settleAs<Value>(work: Promise<Value>, first: () => void, other: Settling<Value>): void {
  work.then(
    (value) => {
      first();
      other.resolve(value);
    },
    (error: unknown) => {
      first();
      other.reject(error);
    },
  );
}
