/** Attempts of one call beyond the first of each of its reads: retries, hedges and the hops of redirects. */
const MAX_SPARES = 3;

/**
 * One counter of attempts a call. What one read has used up, the next one does not have: a call of one read makes at
 * most four attempts, one of five reads at most eight, however its exits fail.
 */
export class Spares {
  #left = MAX_SPARES;

  get isLeft(): boolean {
    return this.#left > 0;
  }

  /** One more attempt is about to be made. */
  take(): void {
    this.#left -= 1;
  }
}
