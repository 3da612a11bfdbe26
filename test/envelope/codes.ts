import fc from 'fast-check';

/** The lengths of a whole code of up to 22 symbols: leaves of a tree, each split in two at random, in any order, some never used. */
export const completeLengths = fc
  .record({
    splits: fc.array(fc.nat(), { maxLength: 17 }),
    isDeep: fc.boolean(),
    order: fc.infiniteStream(fc.nat()),
    unused: fc.nat(3),
  })
  .map(({ splits, isDeep, order, unused }) => {
    const leaves = [1, 1];
    for (const split of splits) {
      const at = isDeep ? leaves.length - 1 : split % leaves.length;
      const bits = leaves[at] ?? 15;
      if (bits < 15) leaves.splice(at, 1, bits + 1, bits + 1);
    }
    const lengths = [...leaves, ...new Array<number>(unused).fill(0)];
    return lengths
      .map((bits) => ({ bits, place: order.next().value }))
      .sort((a, b) => a.place - b.place)
      .map(({ bits }) => bits);
  });

/** RFC 1951, 3.2.2: the codes as texts of bits, the first one first, and whose they are. */
export function codesOf(lengths: readonly number[]): Map<string, number> {
  const codes = new Map<string, number>();
  let code = 0;
  for (let bits = 1; bits <= 15; bits += 1) {
    for (const [symbol, length] of lengths.entries())
      if (length === bits) codes.set((code++).toString(2).padStart(bits, '0'), symbol);
    code <<= 1;
  }
  return codes;
}

/** The last `count` bits of a number as deflate has them, the lowest first. */
export const bitsIn = (number: number, count: number): string =>
  Array.from({ length: count }, (_, i) => (number >> i) & 1).join('');
