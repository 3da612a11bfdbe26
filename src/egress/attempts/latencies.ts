const ENOUGH = 20;
const QUANTILE = 0.95;
/** How far one answer moves the estimate, in powers of e. */
const STEP = 0.1;

/**
 * What 95 of 100 answers stay below, to know which one is late. An estimate that each answer moves a little, up by more
 * than down: it costs the same whatever it has seen, and follows when the upstream becomes slower or quicker.
 */
export class Latencies {
  #seen = 0;
  #p95Ms = 0;

  note(latencyMs: number): void {
    this.#seen += 1;
    if (this.#seen <= ENOUGH) this.#p95Ms = Math.max(this.#p95Ms, latencyMs, 1);
    else this.#p95Ms *= Math.exp(STEP * (latencyMs > this.#p95Ms ? QUANTILE : QUANTILE - 1));
  }

  /** ms; undefined while too few are known. */
  get p95Ms(): number | undefined {
    return this.#seen < ENOUGH ? undefined : this.#p95Ms;
  }
}
