import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { type Body, BodyError } from '../../domain/upstream.ts';

/** Decompressed; Bitbucket's largest pages are 350 kB. */
export const MAX_BODY_BYTES = 32 * 1024 * 1024;
/** No deflate stream grows by more; what its trailer says beyond that is a lie. */
const MAX_GROWTH = 1_032;

/**
 * What came over the wire as a body. gzip stays as it came and is inflated at most once, here and now, into one
 * buffer: for a page of any usual size that costs less than a thread's attention. br is not asked for, and read all
 * the same should a cache in between send it. Throws `BodyError` for any other encoding.
 */
export function createBody(wire: readonly Buffer[], contentEncoding = 'identity'): Body {
  const encoding = contentEncoding.toLowerCase();
  const isEmpty = wire.every(({ length }) => length === 0);
  if (isEmpty || encoding === 'identity') return plainBody(wire);
  if (encoding === 'gzip' || encoding === 'x-gzip') return gzipBody(joined(wire));
  if (encoding === 'br') return plainBody([inflate(() => brotliDecompressSync(joined(wire), LIMIT))]);
  throw new BodyError(`the encoding ${encoding.slice(0, 40)} was not asked for`);
}

const LIMIT = { maxOutputLength: MAX_BODY_BYTES };

function plainBody(wire: readonly Buffer[]): Body {
  let text: Buffer | undefined;
  return {
    encoding: 'identity',
    wire,
    plain: () => {
      text ??= joined(wire);
      return text;
    },
  };
}

function gzipBody(gzip: Buffer): Body {
  let text: Buffer | undefined;
  return {
    encoding: 'gzip',
    wire: [gzip],
    plain: () => {
      text ??= inflate(() => gunzipSync(gzip, { ...LIMIT, chunkSize: roomFor(gzip) }));
      return text;
    },
  };
}

/** Room for the whole text and a little more, so that zlib sees the end without a second buffer. */
function roomFor(gzip: Buffer): number {
  const told = gzip.length < 4 ? 0 : gzip.readUInt32LE(gzip.length - 4);
  return Math.min(told, gzip.length * MAX_GROWTH, MAX_BODY_BYTES) + 64;
}

function inflate(work: () => Buffer): Buffer {
  try {
    return work();
  } catch (error) {
    throw new BodyError(error instanceof RangeError ? 'too large' : 'damaged', { cause: error });
  }
}

/** One buffer; no copy where there is one already. */
function joined(wire: readonly Buffer[]): Buffer {
  const [first] = wire;
  return first !== undefined && wire.length === 1 ? first : Buffer.concat(wire);
}
