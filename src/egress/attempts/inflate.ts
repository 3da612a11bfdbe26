import type { Buffer } from 'node:buffer';
import { brotliDecompressSync, gunzipSync, inflateRawSync } from 'node:zlib';
import { LRUCache } from 'lru-cache';
import { BodyError, inOnePiece } from '../../domain/upstream.ts';
import type { Encoding } from './encoding.ts';

/** Decompressed; Bitbucket's largest pages have 350 kB. */
export const MAX_BODY_BYTES = 32 * 1024 * 1024;
/** No deflate stream holds more than this for each of its bytes. */
const MAX_RATIO = 1_032;
/** More than the text takes, so that zlib sees its end in the one buffer that it is given. */
const SPARE_BYTES = 1_024;

/** A body that is larger than this gateway takes. */
export class BodyTooLargeError extends BodyError {
  constructor() {
    super('too large');
  }
}

/**
 * What inflating will take, bytes: the length that a gzip stream ends with, believed as far as it can be true. 0 for
 * what needs no inflating.
 */
export function inflatedLength(wire: readonly Buffer[], encoding: Encoding): number {
  if (encoding !== 'gzip') return 0;
  const tail = tailOf(wire);
  return tail === null ? 0 : Math.min(tail.readUInt32LE(), lengthOf(wire) * MAX_RATIO);
}

/** Into one buffer of the size that is expected. Throws `BodyError`. */
export function inflated(wire: readonly Buffer[], encoding: 'gzip' | 'br'): Buffer {
  const expected = inflatedLength(wire, encoding);
  if (expected > MAX_BODY_BYTES) throw new BodyTooLargeError();
  const options = { chunkSize: expected + SPARE_BYTES, maxOutputLength: MAX_BODY_BYTES };
  try {
    return encoding === 'gzip'
      ? gunzipSync(inOnePiece(wire), options)
      : brotliDecompressSync(inOnePiece(wire), options);
  } catch (error) {
    if (error instanceof RangeError) throw new BodyTooLargeError();
    throw new BodyError('damaged', { cause: error });
  }
}

/** How long the texts are of those pages that came last, whose check sums were right (ADR 48). */
const checkedLengths = new LRUCache<string, number>({ max: 1_000 });
/** Of smaller ones the CRC costs less than the digest. */
const LARGE_BYTES = 2_048;
const HEADER_BYTES = 10;
const TRAILER_BYTES = 8;

/** The same bytes are checked once: their CRC takes a quarter of the inflating. */
export function inflatedOnceChecked(page: Buffer, digestOf: () => string): Buffer {
  if (page.length < LARGE_BYTES) return inflated([page], 'gzip');
  const digest = digestOf();
  const known = checkedLengths.get(digest);
  if (known !== undefined) {
    const stream = page.subarray(HEADER_BYTES, -TRAILER_BYTES);
    const text = inflateRawSync(stream, { chunkSize: known + SPARE_BYTES });
    // Of several members this was the first.
    if (text.length === known) return text;
  }
  const text = inflated([page], 'gzip');
  const hasPlainHeader = page[3] === 0;
  if (hasPlainHeader) checkedLengths.set(digest, text.length);
  return text;
}

const lengthOf = (wire: readonly Buffer[]) => wire.reduce((sum, { length }) => sum + length, 0);

/** The last four bytes, which may lie in several pieces; null where there are none. */
function tailOf(wire: readonly Buffer[]): Buffer | null {
  const last = wire.at(-1);
  if (last !== undefined && last.length >= 4) return last.subarray(-4);
  const tail = inOnePiece(wire.slice(-4)).subarray(-4);
  return tail.length < 4 ? null : tail;
}
