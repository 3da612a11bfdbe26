/** What an exit is judged by. */
export interface Candidate {
  /** Smoothed, of answers; null before the first. */
  readonly latencyMs: number | null;
  readonly inFlight: number;
}

/** What an exit without an answer yet is taken to need, ms. */
const UNKNOWN_LATENCY_MS = 100;

/** The lower the better: quick, idle, with much budget left. */
export function costOf({ latencyMs, inFlight }: Candidate, left: number): number {
  return ((latencyMs ?? UNKNOWN_LATENCY_MS) * (inFlight + 1)) / left;
}

/** `wanted` different numbers below `count`, or all of them; every set as likely as any other. */
export function drawDistinct(count: number, wanted: number, random: () => number): number[] {
  const drawn: number[] = [];
  for (let top = Math.max(0, count - wanted); top < count; top += 1) {
    const number = Math.floor(random() * (top + 1));
    drawn.push(drawn.includes(number) ? top : number);
  }
  return drawn;
}

/**
 * The better of two different ones drawn at random, outside `avoid` where there is one. Looking at two is enough to
 * keep the worst ones idle, and costs the same for ten and for ten thousand.
 */
export function chooseOne<Thing extends Candidate>(
  things: readonly Thing[],
  avoid: readonly unknown[],
  left: (thing: Thing) => number,
  random: () => number,
): Thing | undefined {
  const drawn = drawDistinct(things.length, 2 + avoid.length, random).map((i) => things[i] as Thing);
  const fresh = drawn.filter((thing) => !avoid.includes(thing));
  let best: Thing | undefined;
  for (const thing of fresh.length > 0 ? fresh : drawn)
    if (best === undefined || costOf(thing, left(thing)) < costOf(best, left(best))) best = thing;
  return best;
}
