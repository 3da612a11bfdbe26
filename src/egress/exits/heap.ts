/** Things in the order of their moments; one that is put in costs log n. */
export class Heap<Thing> {
  readonly #entries: { readonly atMs: number; readonly thing: Thing }[] = [];

  /** The earliest, still inside. */
  first(): { readonly atMs: number; readonly thing: Thing } | undefined {
    return this.#entries[0];
  }

  push(atMs: number, thing: Thing): void {
    const entries = this.#entries;
    entries.push({ atMs, thing });
    for (let i = entries.length - 1; i > 0; ) {
      const parent = (i - 1) >> 1;
      if (this.#atMs(parent) <= atMs) break;
      this.#swap(i, parent);
      i = parent;
    }
  }

  /** Takes the earliest out. */
  pop(): void {
    const entries = this.#entries;
    const last = entries.pop();
    if (last === undefined || entries.length === 0) return;
    entries[0] = last;
    for (let i = 0; ; ) {
      let least = i;
      for (const child of [2 * i + 1, 2 * i + 2]) if (this.#atMs(child) < this.#atMs(least)) least = child;
      if (least === i) return;
      this.#swap(i, least);
      i = least;
    }
  }

  #atMs(i: number): number {
    return this.#entries[i]?.atMs ?? Number.POSITIVE_INFINITY;
  }

  #swap(i: number, j: number): void {
    const entries = this.#entries as { readonly atMs: number; readonly thing: Thing }[];
    const held = entries[i] as { readonly atMs: number; readonly thing: Thing };
    entries[i] = entries[j] as { readonly atMs: number; readonly thing: Thing };
    entries[j] = held;
  }
}
