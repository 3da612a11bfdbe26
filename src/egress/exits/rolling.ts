/** Bitbucket counts an address's calls over any 60 minutes, not by the hour of the clock. */
export const BUDGET_WINDOW_MS = 3_600_000;

/**
 * The calls counted within the last 60 minutes, exact: a call is gone once it is 60 minutes old. What one costs is the
 * same for a handful and for a million, as long as they come nearly in the order of their moments. Times are ms of one
 * clock that never goes back.
 */
export class Rolling {
  /** Oldest first, from `#head` on; `calls` may be 0 where they were taken back. */
  #runs: { atMs: number; calls: number }[] = [];
  #head = 0;
  #total = 0;

  /** Calls of the last 60 minutes. */
  total(nowMs: number): number {
    this.#expire(nowMs);
    return this.#total;
  }

  /** When the oldest of them is counted from; undefined when there is none. */
  oldestMs(nowMs: number): number | undefined {
    this.#expire(nowMs);
    return this.#runs[this.#head]?.atMs;
  }

  /** When `calls` of them will be gone, ms of the same clock; undefined when there are fewer. */
  goneAtMs(calls: number, nowMs: number): number | undefined {
    this.#expire(nowMs);
    let gone = 0;
    for (let i = this.#head; i < this.#runs.length; i += 1) {
      const run = this.#runs[i] as { atMs: number; calls: number };
      gone += run.calls;
      if (gone >= calls) return run.atMs + BUDGET_WINDOW_MS;
    }
    return undefined;
  }

  add(atMs: number, calls: number): void {
    this.#total += calls;
    const last = this.#runs.at(-1);
    if (last === undefined || this.#head === this.#runs.length || atMs > last.atMs) {
      this.#runs.push({ atMs, calls });
      return;
    }
    const index = this.#find(atMs);
    const run = this.#runs[index];
    if (run?.atMs === atMs) run.calls += calls;
    else this.#runs.splice(index, 0, { atMs, calls });
  }

  /** Takes back calls that were added with the same `atMs`; not more than are still counted. */
  remove(atMs: number, calls: number): void {
    const run = this.#runs[this.#find(atMs)];
    if (run?.atMs !== atMs) return;
    const taken = Math.min(run.calls, calls);
    run.calls -= taken;
    this.#total -= taken;
  }

  /** The first run at or after `atMs`. */
  #find(atMs: number): number {
    let low = this.#head;
    let high = this.#runs.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#runs[middle] as { atMs: number }).atMs < atMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #expire(nowMs: number): void {
    for (let run = this.#runs[this.#head]; run !== undefined; run = this.#runs[this.#head]) {
      if (run.calls > 0 && run.atMs > nowMs - BUDGET_WINDOW_MS) break;
      this.#total -= run.calls;
      this.#head += 1;
    }
    if (this.#head > 1_000 && this.#head * 2 > this.#runs.length) {
      this.#runs = this.#runs.slice(this.#head);
      this.#head = 0;
    }
  }
}
