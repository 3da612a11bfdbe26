import type { BitWalk } from './bit-walk.ts';
import { bitsOf, createHuffman, MORE, nextStep, setLengths, stepOf, symbolOf } from './huffman.ts';

/** In this order the lengths of the code of lengths are told. */
const LENGTH_ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];
const LENGTH_STEPS = Uint16Array.from(LENGTH_ORDER, (_, symbol) => stepOf(0, MORE, symbol));
const LENGTHS = createHuffman(new Uint16Array(128), LENGTH_STEPS);

/** Both codes at their longest, and a last run that goes too far. */
const MAX_LENGTHS = 288 + 32 + 138;

/** Of the codes that are being read; one place for all walks, for none of them waits. */
const lengths = new Uint8Array(MAX_LENGTHS);
const lengthsOfLengths = new Uint8Array(LENGTH_ORDER.length);

/**
 * The lengths of both codes of a block (RFC 1951, 3.2.7), told in one run under a code of their own, of which `told`
 * lengths are told before; null unless they come out at `count`. Valid until the next call.
 */
export function readLengths(walk: BitWalk, told: number, count: number): Uint8Array | null {
  lengthsOfLengths.fill(0);
  for (let i = 0; i < told; i += 1) lengthsOfLengths[LENGTH_ORDER[i]!] = walk.take(3);
  if (!setLengths(LENGTHS, lengthsOfLengths, false)) return null;
  let at = 0;
  // Whatever the bits are, they begin with a code: the lengths make a whole one.
  while (at < count) {
    const step = nextStep(LENGTHS, walk.look());
    walk.bit += bitsOf(step);
    const symbol = symbolOf(step);
    if (symbol < 16) {
      lengths[at] = symbol;
      at += 1;
      continue;
    }
    // A repeated length: the one before, or zero.
    if (symbol === 16 && at === 0) return null;
    const length = symbol === 16 ? lengths[at - 1]! : 0;
    for (let left = runOf(walk, symbol); left > 0; left -= 1) {
      lengths[at] = length;
      at += 1;
    }
  }
  return at === count ? lengths.subarray(0, count) : null;
}

/** How often a length is repeated. */
function runOf(walk: BitWalk, symbol: number): number {
  if (symbol === 16) return 3 + walk.take(2);
  return symbol === 17 ? 3 + walk.take(3) : 11 + walk.take(7);
}
