const KEPT = 200;
const ENOUGH = 20;

/** How long answers took lately, to know which one is late. */
export function createLatencies() {
  const kept: number[] = [];
  let next = 0;
  return {
    note: (latencyMs: number): void => {
      kept[next] = latencyMs;
      next = (next + 1) % KEPT;
    },
    /** What 95 of 100 answers stay below, ms; undefined while too few are known. */
    p95: (): number | undefined => {
      if (kept.length < ENOUGH) return undefined;
      return [...kept].sort((a, b) => a - b)[Math.floor(kept.length * 0.95)];
    },
  };
}
