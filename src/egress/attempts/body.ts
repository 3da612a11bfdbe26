import { Buffer } from 'node:buffer';
import { hash } from 'node:crypto';
import { brotliDecompressSync, constants, gunzipSync } from 'node:zlib';
import { type Body, BodyError, inOnePiece } from '../../domain/upstream.ts';

/** Decompressed; Bitbucket's largest pages have 350 kB. */
export const MAX_BODY_BYTES = 32 * 1024 * 1024;
/** As they come over the wire, compressed. */
export const MAX_WIRE_BYTES = 8 * 1024 * 1024;
/** No deflate stream holds more than this for each of its bytes. */
const MAX_RATIO = 1_032;

/** Smaller pieces are left to the collector. */
const GIVEN_BACK_BYTES = 4_096;

/** A body that is larger than this gateway takes. */
export class BodyTooLargeError extends BodyError {
  constructor() {
    super('too large');
  }
}

/** How a `content-encoding` is read; `unknown` for what nobody asked for. */
export type Encoding = 'identity' | 'gzip' | 'br' | 'unknown';

const ENCODINGS: ReadonlyMap<string, Encoding> = new Map([
  ['', 'identity'],
  ['identity', 'identity'],
  ['gzip', 'gzip'],
  ['x-gzip', 'gzip'],
  ['br', 'br'],
]);

export const encodingOf = (header = ''): Encoding => ENCODINGS.get(header.trim().toLowerCase()) ?? 'unknown';

/**
 * The body of an answer out of its pieces. gzip stays as it came and is inflated at most once, here and now, into one
 * buffer: for a page of any usual size that costs less than a thread's attention. br is not asked for and read all the
 * same, at once, should a cache in between send it. Throws `BodyError` for any other encoding.
 */
export function createBody(wire: readonly Buffer[], contentEncoding = ''): Body {
  const encoding = lengthOf(wire) === 0 ? 'identity' : encodingOf(contentEncoding);
  if (encoding === 'unknown')
    throw new BodyError(`the encoding ${contentEncoding.slice(0, 40)} was not asked for`);
  if (encoding === 'br') return createBody([inflated(wire, 'br')]);
  if (encoding === 'identity') return createPlainBody(wire);
  const member = inOnePiece(wire);
  let digest: string | undefined;
  let plain: Buffer | undefined;
  return {
    encoding,
    wire: [member],
    digest: () => {
      digest ??= hash('sha256', member, 'base64url');
      return digest;
    },
    plain: () => {
      plain ??= inflated([member], 'gzip');
      return plain;
    },
    forget: () => {
      if (plain === undefined) return;
      giveBack(plain);
      plain = undefined;
    },
  };
}

/** What came as a text. Who reads it in one piece gets the only one: its pieces beside it would be held twice. */
function createPlainBody(pieces: readonly Buffer[]): Body {
  let wire = pieces;
  return {
    encoding: 'identity',
    get wire() {
      return wire;
    },
    digest: () => null,
    plain: () => {
      const text = inOnePiece(wire);
      if (wire.length > 0) wire = [text];
      return text;
    },
    forget: () => {},
  };
}

/**
 * What came compressed in one piece, and the memory of its pieces back at once: the collector would leave up to 32 MB
 * of them lie about. Only for who has the pieces for itself.
 */
export function gathered(pieces: readonly Buffer[], contentEncoding = ''): readonly Buffer[] {
  if (pieces.length < 2 || encodingOf(contentEncoding) !== 'gzip') return pieces;
  const whole = Buffer.concat(pieces);
  for (const piece of pieces) giveBack(piece);
  return [whole];
}

/**
 * A page's memory goes back as soon as it is not needed, so that the next page is inflated into it while it is still
 * in the processor's cache: that saves a quarter of the inflating, and most whole collections (ADR 44).
 */
function giveBack({ length, buffer }: Buffer): void {
  // A part of Node's pool lies beside others.
  const isPooled = buffer.byteLength === Buffer.poolSize;
  if (length >= GIVEN_BACK_BYTES && !isPooled && buffer instanceof ArrayBuffer) buffer.transfer(0);
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

/** Enough of a long text to see what it says, whatever its length; '' where that cannot be read. */
export function startOf(wire: readonly Buffer[], encoding: Encoding): Buffer {
  const start = inOnePiece(wire).subarray(
    0,
    encoding === 'identity' ? MAX_START_BYTES : MAX_START_WIRE_BYTES,
  );
  if (encoding === 'identity') return start;
  try {
    const text = encoding === 'gzip' ? gunzipSync(start, CUT_GZIP) : brotliDecompressSync(start, CUT_BR);
    return text.subarray(0, MAX_START_BYTES);
  } catch {
    return Buffer.alloc(0);
  }
}

const MAX_START_BYTES = 16 * 1024;
const MAX_START_WIRE_BYTES = 4 * 1024;
const CUT_GZIP = { finishFlush: constants.Z_SYNC_FLUSH };
const CUT_BR = { finishFlush: constants.BROTLI_OPERATION_FLUSH };

/** Into one buffer of the size that is expected. */
function inflated(wire: readonly Buffer[], encoding: 'gzip' | 'br'): Buffer {
  const expected = inflatedLength(wire, encoding);
  if (expected > MAX_BODY_BYTES) throw new BodyTooLargeError();
  const options = { chunkSize: expected + 1_024, maxOutputLength: MAX_BODY_BYTES };
  try {
    return encoding === 'gzip'
      ? gunzipSync(inOnePiece(wire), options)
      : brotliDecompressSync(inOnePiece(wire), options);
  } catch (error) {
    if (error instanceof RangeError) throw new BodyTooLargeError();
    throw new BodyError('damaged', { cause: error });
  }
}

const lengthOf = (wire: readonly Buffer[]) => wire.reduce((sum, { length }) => sum + length, 0);

/** The last four bytes, which may lie in several pieces; null where there are none. */
function tailOf(wire: readonly Buffer[]): Buffer | null {
  const last = wire.at(-1);
  if (last !== undefined && last.length >= 4) return last.subarray(-4);
  const tail = inOnePiece(wire.slice(-4)).subarray(-4);
  return tail.length < 4 ? null : tail;
}
