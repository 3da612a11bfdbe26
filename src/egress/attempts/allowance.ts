/** Retries after faults of the upstream itself: one in five calls, saved up to ten. */
const RETRY_RATIO = 0.2;
const MAX_SAVED_RETRIES = 10;
/** Second attempts beside a slow first one: one in twenty calls, saved up to five. */
const HEDGE_RATIO = 0.05;
const MAX_SAVED_HEDGES = 5;

/**
 * How much more than one request a call all calls together may cost the upstream: a fifth for retries, a twentieth for
 * hedges. A start has its retries saved up, for the first fault should not reach a caller; its hedges not, for it does
 * not know yet what is late.
 */
export class Allowance {
  #retries = MAX_SAVED_RETRIES;
  #hedges = 0;

  /** A call begins. */
  earn(): void {
    this.#retries = Math.min(MAX_SAVED_RETRIES, this.#retries + RETRY_RATIO);
    this.#hedges = Math.min(MAX_SAVED_HEDGES, this.#hedges + HEDGE_RATIO);
  }

  /** Takes one retry; false: there is none. */
  takeRetry(): boolean {
    if (this.#retries < 1) return false;
    this.#retries -= 1;
    return true;
  }

  get hasHedge(): boolean {
    return this.#hedges >= 1;
  }

  /** Takes one hedge; false: there is none. */
  takeHedge(): boolean {
    if (!this.hasHedge) return false;
    this.#hedges -= 1;
    return true;
  }
}
