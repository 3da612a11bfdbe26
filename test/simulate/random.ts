/** Numbers in [0, 1) that look random and are the same for the same seed: Mulberry32. */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** What plans are drawn with. */
export interface Dice {
  /** Whether something that happens with this probability does. */
  chance(probability: number): boolean;
  /** A whole number from `low` to `high`, both included. */
  whole(low: number, high: number): number;
  /** Around `typical`, now and then ten times that. */
  long(typical: number): number;
  one<Thing>(things: readonly Thing[]): Thing;
}

export function createDice(random: () => number): Dice {
  const whole = (low: number, high: number) => low + Math.floor(random() * (high - low + 1));
  return {
    chance: (probability) => random() < probability,
    whole,
    long: (typical) => Math.round(Math.min(10, -Math.log(1 - random())) * typical) + 1,
    one: (things) => things[whole(0, things.length - 1)] as (typeof things)[number],
  };
}
