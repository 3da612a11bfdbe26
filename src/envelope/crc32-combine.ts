/** The polynomial of gzip's CRC, its bits in the order in which the CRC is kept. */
const POLYNOMIAL = 0xedb88320;

/**
 * The CRC-32 of two texts in a row out of their own: `first`, `second`, and the length of the second in bytes
 * (below 2^50). Costs a few hundred steps whatever the length.
 */
export function crc32Combine(first: number, second: number, secondBytes: number): number {
  return (multiply(powerOf(secondBytes), first) ^ second) >>> 0;
}

/** x^(8 × bytes), modulo the polynomial. */
function powerOf(bytes: number): number {
  let power = 0x80000000;
  let left = bytes;
  for (let i = 0; left > 0; i += 1) {
    if (left % 2 === 1) power = multiply(BYTE_POWERS[i]!, power);
    left = Math.floor(left / 2);
  }
  return power;
}

/** a × b, both polynomials over two elements, modulo the polynomial. */
function multiply(a: number, b: number): number {
  let product = 0;
  let shifted = b;
  for (let bit = 0x80000000; bit !== 0; bit >>>= 1) {
    if ((a & bit) !== 0) product ^= shifted;
    shifted = (shifted & 1) !== 0 ? (shifted >>> 1) ^ POLYNOMIAL : shifted >>> 1;
  }
  return product;
}

/** x^(8 × 2^i). */
const BYTE_POWERS = Uint32Array.from({ length: 50 });
let power = 0x00800000;
for (let i = 0; i < BYTE_POWERS.length; i += 1) {
  BYTE_POWERS[i] = power;
  power = multiply(power, power);
}
