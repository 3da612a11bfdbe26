import { Buffer } from 'node:buffer';
import { type Body, inOnePiece } from '../domain/upstream.ts';
import { compress, WORTH_BYTES } from './compress.ts';
import type { Around } from './envelope.ts';
import { joinGzip, seamsOf } from './gzip-join.ts';
import { oncePerPage } from './known-pages.ts';
import type { ContentCoding, Negotiated } from './negotiate.ts';
import { prettyPrint } from './pretty.ts';

export interface Wish extends Negotiated {
  readonly isPretty: boolean;
}

/** A body ready to be sent: its pieces in a row, and how long they are together. */
export interface Response {
  readonly encoding: ContentCoding;
  readonly pieces: readonly Buffer[];
  readonly bytes: number;
}

/**
 * `data` between `head` and `tail` as the caller wants it. What came compressed leaves compressed as it came, or
 * inflated; only lines, br, zstd, and what never was compressed are compressed here, and only they take time: all
 * else comes at once, without a copy of `data`. Throws or rejects with `BodyError` where `data` cannot be read.
 */
export function respond(data: Body, around: Around, wish: Wish): Response | Promise<Response> {
  if (wish.isPretty) return respondText(wholeOf(data, around), wish);
  const joined = wish.encoding === 'gzip' && data.encoding === 'gzip' ? join(data, around) : null;
  if (joined !== null) {
    data.forget();
    return responseOf('gzip', joined);
  }
  if (wish.encoding !== 'identity') return encoded(wholeOf(data, around), wish);
  const text = data.encoding === 'identity' ? data.wire : [data.plain()];
  return responseOf('identity', [around.head, ...text, around.tail]);
}

/** A whole envelope as the caller wants it. */
export function respondText(text: Buffer, wish: Wish): Response | Promise<Response> {
  return encoded(wish.isPretty ? prettyPrint(text) : text, wish);
}

const join = (data: Body, { head, tail }: Around): Buffer[] | null =>
  joinGzip(head, inOnePiece(data.wire), tail, seamsIn(data));

const seamsIn = oncePerPage((page) => seamsOf(inOnePiece(page.wire)));

/** The envelope as one text. */
export const wholeOf = (data: Body, { head, tail }: Around): Buffer =>
  Buffer.concat([head, data.plain(), tail]);

/** A text of ours, which leaves as it is where compressing it would not be worth it. */
function encoded(text: Buffer, { encoding, isPlainFine }: Negotiated): Response | Promise<Response> {
  if (encoding === 'identity' || (isPlainFine && text.length < WORTH_BYTES))
    return responseOf('identity', [text]);
  return compress(text, encoding).then((body) => responseOf(encoding, [body]));
}

function responseOf(encoding: ContentCoding, pieces: readonly Buffer[]): Response {
  let bytes = 0;
  for (const piece of pieces) bytes += piece.length;
  return { encoding, pieces, bytes };
}
