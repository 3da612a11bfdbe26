import { Buffer } from 'node:buffer';
import { hash } from 'node:crypto';
import { brotliDecompressSync, constants, gunzipSync } from 'node:zlib';
import { type Body, BodyError, inOnePiece } from '../../domain/upstream.ts';
import { type Encoding, encodingOf } from './encoding.ts';
import { inflated, inflatedOnceChecked } from './inflate.ts';

/** As they come over the wire, compressed. */
export const MAX_WIRE_BYTES = 8 * 1024 * 1024;
/** Smaller pieces are left to the collector. */
const GIVEN_BACK_BYTES = 4_096;

/**
 * The body of an answer out of its pieces. gzip stays as it came and is inflated at most once, here and now, into one
 * buffer: for a page of any usual size that costs less than a thread's attention. br is not asked for and read all the
 * same, at once, should a cache in between send it. Throws `BodyError` for any other encoding.
 */
export function createBody(wire: readonly Buffer[], contentEncoding = ''): Body {
  const encoding = wire.every(({ length }) => length === 0) ? 'identity' : encodingOf(contentEncoding);
  if (encoding === 'unknown')
    throw new BodyError(`the encoding ${contentEncoding.slice(0, 40)} was not asked for`);
  if (encoding === 'br') return createBody([inflated(wire, 'br')]);
  if (encoding === 'identity') return createPlainBody(wire);
  const member = inOnePiece(wire);
  let known: string | undefined;
  const digest = () => {
    known ??= hash('sha256', member, 'base64url');
    return known;
  };
  let plain: Buffer | undefined;
  return {
    encoding,
    wire: [member],
    digest,
    plain: () => {
      plain ??= inflatedOnceChecked(member, digest);
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
