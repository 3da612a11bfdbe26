/** A place in the bytes, told in bits, and what stands there. */
export class BitWalk {
  bit: number;
  readonly limit: number;
  readonly view: DataView;

  constructor(bytes: Uint8Array, bit: number, limit: number) {
    this.bit = bit;
    this.limit = limit;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** The next bits, 25 of them for sure; zeros behind the limit. */
  look(): number {
    return this.bit > this.limit ? 0 : this.view.getUint32(this.bit >>> 3, true) >>> (this.bit & 7);
  }

  /** The number in the next `bits`, at most 25. */
  take(bits: number): number {
    const value = this.look() & ((1 << bits) - 1);
    this.bit += bits;
    return value;
  }
}
