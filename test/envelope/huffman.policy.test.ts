import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  BLOCK_END,
  bitsOf,
  createHuffman,
  DISTANCE,
  INVALID,
  lengthen,
  MORE,
  nextOf,
  nextStep,
  setLengths,
  stepOf,
  symbolOf,
} from '../../src/envelope/huffman.ts';
import { bitsIn, codesOf, completeLengths } from './codes.ts';

it('a quick step leaves ten of 32 bits to find the next one by; longer ones are found all the same', () => {
  const extraBits = [0, 0, 0, 0, 0, 0, 0, 0, 0, 12, 13];
  const code = createHuffman(
    new Uint16Array(1 << 10),
    Uint16Array.from(extraBits, (bits) => stepOf(bits, MORE)),
  );
  expect(setLengths(code, Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 10), false)).toBe(true);
  // Codes are read from their first bit: 1111111110 and 1111111111.
  const [ten, eleven] = [0b0111111111, 0b1111111111];
  expect([bitsOf(code.steps[ten] ?? 0), code.steps[eleven]]).toEqual([22, INVALID]);
  expect(bitsOf(nextStep(code, eleven))).toBe(23);
  expect(Math.max(...Array.from(code.steps, bitsOf))).toBe(22);
});

/** What each symbol is followed by; those beyond have no meaning. */
const MEANINGS = Array.from({ length: 14 }, (_, symbol) => ({
  extra: symbol,
  next: [MORE, MORE, DISTANCE, BLOCK_END][symbol % 4] ?? MORE,
}));
const codeOf = (peekBits: number) =>
  createHuffman(
    new Uint16Array(1 << peekBits),
    Uint16Array.from(MEANINGS, ({ extra, next }, symbol) => stepOf(extra, next, symbol)),
  );

const anyLengths = fc.oneof(
  completeLengths,
  fc.array(fc.integer({ min: 0, max: 15 }), { maxLength: 19 }),
  fc.array(fc.constantFrom(0, 0, 0, 1, 15), { maxLength: 19 }),
  fc
    .tuple(completeLengths, fc.nat(), fc.integer({ min: 0, max: 15 }))
    .map(([lengths, at, bits]) => lengths.with(at % lengths.length, bits)),
);

/** The code that `bits` begin with, and what it means: nothing where there is none, or where nothing is known of it. */
function decoded(codes: ReadonlyMap<string, number>, bits: string) {
  for (let length = 1; length <= Math.min(15, bits.length); length += 1) {
    const symbol = codes.get(bits.slice(0, length));
    const meaning = symbol === undefined ? undefined : MEANINGS[symbol];
    if (meaning !== undefined) return { symbol, bits: length + meaning.extra, next: meaning.next };
    if (symbol !== undefined) return null;
  }
  return null;
}

it('lengths make a code where their codes fill all bits; of distances, one of one bit or none will do', () => {
  fc.assert(
    fc.property(anyLengths, fc.boolean(), (lengths, maySparse) => {
      const used = lengths.filter((bits) => bits > 0);
      const isFull = used.reduce((sum, bits) => sum + 2 ** -bits, 0) === 1;
      const isSparse = used.length === 0 || (used.length === 1 && used[0] === 1);
      expect(setLengths(codeOf(9), Uint8Array.from(lengths), maySparse)).toBe(
        isFull || (maySparse && isSparse),
      );
    }),
    { numRuns: 1_000 },
  );
});

it('any bits are the symbol that RFC 1951 gives them, in a table that had another code before', () => {
  const numbers = fc.array(fc.nat(0x7fff), { minLength: 50, maxLength: 50 });
  fc.assert(
    fc.property(
      fc.array(anyLengths, { minLength: 1, maxLength: 3 }),
      fc.constantFrom(4, 9, 10),
      numbers,
      (all, peekBits, numbers) => {
        const code = codeOf(peekBits);
        for (const lengths of all) {
          if (!setLengths(code, Uint8Array.from(lengths), true)) continue;
          const codes = codesOf(lengths);
          for (const number of [...numbers, ...numbers.map((number) => number >> 8), 0x7fff]) {
            const step = nextStep(code, number);
            const expected = decoded(codes, bitsIn(number, 15));
            if (expected === null) expect(step).toBe(INVALID);
            else expect({ symbol: symbolOf(step), bits: bitsOf(step), next: nextOf(step) }).toEqual(expected);
          }
        }
      },
    ),
  );
});

it('a lengthened step goes over all the symbols that its bits show whole, up to the first that something else follows', () => {
  fc.assert(
    fc.property(completeLengths, fc.constantFrom(4, 9, 10), (lengths, peekBits) => {
      const code = codeOf(peekBits);
      expect(setLengths(code, Uint8Array.from(lengths), false)).toBe(true);
      lengthen(code);
      for (const [slot, step] of code.steps.entries())
        expect(step).toBe(walked(codesOf(lengths), bitsIn(slot, peekBits)));
    }),
    { numRuns: 30 },
  );
});

/** From symbol to symbol, as long as each of them is seen whole and leaves ten bits of 32. */
function walked(codes: ReadonlyMap<string, number>, slot: string): number {
  let bits = 0;
  let next = INVALID;
  while (next === INVALID || next === MORE) {
    const found = decoded(codes, slot.slice(bits));
    if (found === null || found.bits > 22) break;
    bits += found.bits;
    next = found.next;
  }
  return next === INVALID ? INVALID : stepOf(bits, next);
}
