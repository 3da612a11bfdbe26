/** Each bucket ends a tenth above the one before, from 0.1 ms to some two minutes: a figure is at most 5 % off. */
const STEP = Math.log(1.1);
const FIRST_MS = 0.1;
const BUCKETS = 150;

/** How often durations of which length came: small whatever their number, and added up as vectors are. */
export type Spread = Uint32Array;

export const createSpread = (): Spread => new Uint32Array(BUCKETS);

const bucketOf = (ms: number) =>
  Math.min(BUCKETS - 1, Math.max(0, Math.ceil(Math.log(ms / FIRST_MS) / STEP)));

export function noteIn(spread: Spread, ms: number): void {
  const bucket = bucketOf(ms);
  spread[bucket] = (spread[bucket] ?? 0) + 1;
}

export function sumOfSpreads(spreads: readonly Spread[]): Spread {
  const sum = createSpread();
  for (const spread of spreads)
    for (let i = 0; i < BUCKETS; i += 1) sum[i] = (sum[i] ?? 0) + (spread[i] ?? 0);
  return sum;
}

/** What `share` of the durations do not exceed, ms; null where there are none. */
export function quantileIn(spread: Spread, share: number): number | null {
  const count = spread.reduce((sum, more) => sum + more, 0);
  if (count === 0) return null;
  let left = Math.ceil(count * share);
  const bucket = spread.findIndex((more) => {
    left -= more;
    return left <= 0;
  });
  // The middle of the bucket, as its two ends are told apart: by a factor.
  const ms = FIRST_MS * Math.exp((bucket - 0.5) * STEP);
  return Number(ms.toPrecision(3));
}
