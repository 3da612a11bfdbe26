const MAX_CODE_BITS = 15;

/** What follows a step: another symbol of the same code, a distance, nothing more; or there is no such symbol. */
export const MORE = 0;
export const DISTANCE = 1;
export const BLOCK_END = 2;
export const INVALID = 3;

/**
 * What a symbol means to someone who walks by: how many bits to go ahead, what follows, how many of the bits are its
 * code, and which one it was. Sixteen bits.
 */
export const stepOf = (bits: number, next: number, symbol = 0): number => (symbol << 11) | (bits << 2) | next;
export const bitsOf = (step: number): number => (step >> 2) & 31;
export const nextOf = (step: number): number => step & 3;
export const symbolOf = (step: number): number => step >> 11;
const codeBitsOf = (step: number): number => (step >> 7) & 15;

/** A canonical code of deflate (RFC 1951, 3.2.2), in tables that serve one block after the other. */
export interface Huffman {
  /** Bits looked up at once; longer codes are rare and are found bit by bit. */
  readonly peekBits: number;
  /** The step for any `peekBits` bits; `INVALID` where they begin a longer code, one whose step goes far, or none. */
  readonly steps: Uint16Array;
  /** How many codes have that many bits, and the symbols in the order of their codes. */
  readonly countOf: Uint16Array;
  readonly symbols: Uint16Array;
  /** The step of each symbol, its own bits aside; symbols beyond are invalid. */
  readonly stepOfSymbol: Uint16Array;
}

/** A code for as many steps as `steps` holds, a power of two; it is none until its lengths are set. */
export function createHuffman(steps: Uint16Array, stepOfSymbol: Uint16Array): Huffman {
  return {
    peekBits: Math.log2(steps.length),
    steps,
    countOf: new Uint16Array(MAX_CODE_BITS + 1),
    symbols: new Uint16Array(288),
    stepOfSymbol,
  };
}

/**
 * Makes `code` the one whose symbols have these lengths. False when there is none: more codes than fit, or gaps;
 * `maySparse` allows one single code of one bit, or none at all, as distances have them.
 */
export function setLengths(code: Huffman, lengths: Uint8Array, maySparse: boolean): boolean {
  const { countOf } = code;
  countOf.fill(0);
  for (let i = 0; i < lengths.length; i += 1) countOf[lengths[i]!] = countOf[lengths[i]!]! + 1;
  countOf[0] = 0;
  if (!isComplete(countOf) && !(maySparse && isSparse(countOf))) return false;
  sort(code, lengths);
  fill(code);
  return true;
}

function isComplete(countOf: Uint16Array): boolean {
  let left = 1;
  for (let bits = 1; bits <= MAX_CODE_BITS; bits += 1) left = left * 2 - countOf[bits]!;
  return left === 0;
}

function isSparse(countOf: Uint16Array): boolean {
  if (countOf[1]! > 1) return false;
  for (let bits = 2; bits <= MAX_CODE_BITS; bits += 1) if (countOf[bits] !== 0) return false;
  return true;
}

/** The place of the next symbol of each length; one for all, as nothing here waits. */
const offsets = new Uint16Array(MAX_CODE_BITS + 2);

function sort({ countOf, symbols }: Huffman, lengths: Uint8Array): void {
  offsets[1] = 0;
  for (let bits = 1; bits <= MAX_CODE_BITS; bits += 1) offsets[bits + 1] = offsets[bits]! + countOf[bits]!;
  for (let symbol = 0; symbol < lengths.length; symbol += 1) {
    const bits = lengths[symbol]!;
    if (bits === 0) continue;
    symbols[offsets[bits]!] = symbol;
    offsets[bits] = offsets[bits]! + 1;
  }
}

/** Codes are told from their first bit on, numbers from their last: each slot that begins with a code gets its step. */
function fill({ peekBits, countOf, symbols, stepOfSymbol, steps }: Huffman): void {
  steps.fill(INVALID);
  let code = 0;
  let at = 0;
  for (let bits = 1; bits <= peekBits; bits += 1) {
    for (let left = countOf[bits]!; left > 0; left -= 1) {
      const step = quickStep(bits, stepOfSymbol[symbols[at]!]);
      for (let slot = reversed(code, bits); slot < steps.length; slot += 1 << bits) steps[slot] = step;
      code += 1;
      at += 1;
    }
    code <<= 1;
  }
}

/** The few that go further are found bit by bit: behind all others 32 bits show the next step too. */
const MAX_QUICK_BITS = 22;

function quickStep(codeBits: number, stepOfSymbol: number | undefined): number {
  const step = stepWith(codeBits, stepOfSymbol);
  return bitsOf(step) > MAX_QUICK_BITS ? INVALID : step;
}

function stepWith(codeBits: number, step: number | undefined): number {
  return step === undefined ? INVALID : step + (codeBits << 2) + (codeBits << 7);
}

/**
 * Lets each step go on over the symbols behind it whose codes its slot shows whole, up to the first that something
 * else follows: a walk through text takes half the steps then. For codes whose symbols are not asked for any more.
 */
export function lengthen({ peekBits, steps }: Huffman): void {
  const singleSteps = steps.slice();
  for (let slot = 0; slot < steps.length; slot += 1) {
    let step = singleSteps[slot]!;
    let bits = bitsOf(step);
    while (nextOf(step) === MORE) {
      const after = singleSteps[slot >> bits]!;
      if (after === INVALID || bits + codeBitsOf(after) > peekBits) break;
      bits += bitsOf(after);
      step = after;
    }
    steps[slot] = stepOf(bits, nextOf(step));
  }
}

function reversed(code: number, bits: number): number {
  let out = 0;
  for (let i = 0; i < bits; i += 1) out = (out << 1) | ((code >> i) & 1);
  return out;
}

/** The step for the next bits, of which fifteen count; `INVALID` when no code begins so. */
export function nextStep(code: Huffman, bits: number): number {
  const step = code.steps[bits & (code.steps.length - 1)]!;
  return step === INVALID ? longStep(code, bits) : step;
}

export function longStep({ countOf, symbols, stepOfSymbol }: Huffman, bits: number): number {
  let code = 0;
  let first = 0;
  let at = 0;
  for (let length = 1; length <= MAX_CODE_BITS; length += 1) {
    code |= (bits >> (length - 1)) & 1;
    const count = countOf[length]!;
    if (code - first < count) return stepWith(length, stepOfSymbol[symbols[at + code - first]!]);
    at += count;
    first = (first + count) << 1;
    code <<= 1;
  }
  return INVALID;
}
