import { expect, it } from 'vitest';
import {
  bitsOf,
  createHuffman,
  INVALID,
  MORE,
  nextStep,
  setLengths,
  stepOf,
} from '../../src/envelope/huffman.ts';

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
