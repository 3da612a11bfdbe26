import { BitWalk } from './bit-walk.ts';
import { readLengths } from './code-lengths.ts';
import {
  BLOCK_END,
  bitsOf,
  createHuffman,
  DISTANCE,
  type Huffman,
  INVALID,
  lengthen,
  longStep,
  MORE,
  nextOf,
  setLengths,
  stepOf,
} from './huffman.ts';

/** Where a deflate stream ends, in bits of the bytes it stands in. */
export interface DeflateEnd {
  /** The bit that says "this block is the last". */
  readonly finalBit: number;
  /** The first bit behind the last block. */
  readonly endBit: number;
}

/** A trailer of gzip stands behind every stream; so a look ahead never leaves the bytes. */
const LOOK_AHEAD_BYTES = 8;
/** Far more than 32 MB of any encoder have; a stream of empty blocks ends here. */
const MAX_BLOCKS = 65_536;
/** A block of this length pays for longer steps. */
const LONG_BITS = 2_048 * 8;

/**
 * Finds the last block of the deflate stream (RFC 1951) that begins with byte `start` and ends before byte `end`,
 * behind which eight more bytes stand. Decodes the lengths of codes alone: no window, no output, one pass. Null for
 * whatever is no such stream; distances are not checked, for CRC and length say whether the text came out right.
 */
export function walkDeflate(bytes: Uint8Array, start: number, end: number): DeflateEnd | null {
  if (bytes.length < end + LOOK_AHEAD_BYTES) return null;
  const walk = new BitWalk(bytes, start * 8, end * 8);
  for (let blocks = 0; blocks < MAX_BLOCKS; blocks += 1) {
    const finalBit = walk.bit;
    const isLast = walk.take(1) === 1;
    const isLong = isLikelyLong(finalBit - start * 8, blocks, walk.limit - finalBit);
    if (!skipBlock(walk, isLong) || walk.bit > walk.limit) return null;
    if (isLast) return { finalBit, endBit: walk.bit };
  }
  return null;
}

/** Whether the next block is: there is room for it, and those before it, of so many bits in all, were. */
export const isLikelyLong = (doneBits: number, blocks: number, leftBits: number): boolean =>
  leftBits > LONG_BITS && doneBits >= blocks * LONG_BITS;

/** `isLong`: the block is likely to be. */
function skipBlock(walk: BitWalk, isLong: boolean): boolean {
  switch (walk.take(2)) {
    case 0:
      return skipStored(walk);
    case 1:
      return skipCodes(walk, FIXED);
    case 2:
      return skipDynamic(walk, isLong);
    default:
      return false;
  }
}

function skipStored(walk: BitWalk): boolean {
  walk.bit = (walk.bit + 7) & ~7;
  const length = walk.take(16);
  if (length !== (walk.take(16) ^ 0xffff)) return false;
  walk.bit += length * 8;
  return true;
}

/**
 * A code of symbols and one of distances, their steps in one table: first the one, then the other, and behind them the
 * end of the block and what is invalid, neither of which is left again.
 */
interface Codes {
  readonly steps: Uint16Array;
  readonly symbols: Huffman;
  readonly distances: Huffman;
}

/** Bits looked up at once: with more, the tables cost more to fill than they save. */
const PEEK_BITS = 10;
const PEEK_MASK = (1 << PEEK_BITS) - 1;

function createCodes(): Codes {
  const steps = new Uint16Array(4 << PEEK_BITS);
  const stepsAt = (code: number) => steps.subarray(code << PEEK_BITS, (code + 1) << PEEK_BITS);
  stepsAt(BLOCK_END).fill(stepOf(0, BLOCK_END));
  stepsAt(INVALID).fill(INVALID);
  return {
    steps,
    symbols: createHuffman(stepsAt(MORE), SYMBOL_STEPS),
    distances: createHuffman(stepsAt(DISTANCE), DISTANCE_STEPS),
  };
}

/**
 * Steps to the end of the block, two for each look at the bytes. What a step leads to chooses the table of the next
 * one, without a branch that a processor would have to guess: that halves the time.
 */
function skipCodes(walk: BitWalk, { steps, symbols, distances }: Codes): boolean {
  const { view, limit } = walk;
  let bit = walk.bit;
  let code = MORE;
  while (bit < limit && code <= DISTANCE) {
    const bits = bits32(view, bit);
    const before = code;
    const first = steps[(code << PEEK_BITS) | (bits & PEEK_MASK)]!;
    const between = nextOf(first);
    const second = steps[(between << PEEK_BITS) | ((bits >>> bitsOf(first)) & PEEK_MASK)]!;
    bit += bitsOf(first) + bitsOf(second);
    code = nextOf(second);
    if (code !== INVALID) continue;
    const asked = between === INVALID ? before : between;
    const long = longStep(asked === DISTANCE ? distances : symbols, bits32(view, bit));
    bit += bitsOf(long);
    code = nextOf(long);
  }
  walk.bit = bit;
  return code === BLOCK_END;
}

/** As many bits as a number has, from `bit` on. */
const bits32 = (view: DataView, bit: number): number =>
  (view.getUint32(bit >>> 3, true) >>> (bit & 7)) |
  ((view.getUint8((bit >>> 3) + 4) << 24) << (8 - (bit & 7)));

/** Reads the block's own codes, then walks through it. */
function skipDynamic(walk: BitWalk, isLong: boolean): boolean {
  const symbolCount = walk.take(5) + END_OF_BLOCK + 1;
  const distanceCount = walk.take(5) + 1;
  const lengths = readLengths(walk, walk.take(4) + 4, symbolCount + distanceCount);
  if (lengths === null) return false;
  if (symbolCount > SYMBOL_STEPS.length || distanceCount > DISTANCE_STEPS.length) return false;
  if (!setLengths(OWN.symbols, lengths.subarray(0, symbolCount), false)) return false;
  if (!setLengths(OWN.distances, lengths.subarray(symbolCount), true)) return false;
  if (isLong) lengthen(OWN.symbols);
  return skipCodes(walk, OWN);
}

const END_OF_BLOCK = 256;
const isLiteral = (symbol: number) => symbol < END_OF_BLOCK;
/** Extra bits of the lengths 257 to 285, and of the distances 0 to 29. */
const lengthExtra = (symbol: number) => (symbol < 265 || symbol === 285 ? 0 : (symbol - 261) >> 2);
const distanceExtra = (symbol: number) => (symbol < 4 ? 0 : (symbol - 2) >> 1);

const SYMBOL_STEPS = Uint16Array.from({ length: 286 }, (_, symbol) => {
  if (isLiteral(symbol)) return stepOf(0, MORE);
  return symbol === END_OF_BLOCK ? stepOf(0, BLOCK_END) : stepOf(lengthExtra(symbol), DISTANCE);
});
const DISTANCE_STEPS = Uint16Array.from({ length: 30 }, (_, symbol) => stepOf(distanceExtra(symbol), MORE));

/** Of the block that is being walked; one pair for all walks, for none of them waits. */
const OWN = createCodes();
/** Of blocks that bring none (RFC 1951, 3.2.6). */
const FIXED = createCodes();
const fixedLengthOf = (symbol: number) => (symbol < 144 ? 8 : symbol < 256 ? 9 : symbol < 280 ? 7 : 8);
setLengths(
  FIXED.symbols,
  Uint8Array.from({ length: 288 }, (_, symbol) => fixedLengthOf(symbol)),
  false,
);
setLengths(FIXED.distances, new Uint8Array(32).fill(5), false);
lengthen(FIXED.symbols);
