import type { Body } from '../domain/upstream.ts';
import { compress, WORTH_BYTES } from './compress.ts';
import { joinGzip } from './gzip-join.ts';
import type { Encoding, Negotiated } from './negotiate.ts';
import { prettyPrint } from './pretty.ts';

/** What stands around `data`. */
export interface Around {
  readonly head: Buffer;
  readonly tail: Buffer;
}

export interface Wish extends Negotiated {
  readonly isPretty: boolean;
}

/** A body ready to be sent: its pieces in a row, and how long they are together. */
export interface Response {
  readonly encoding: Encoding;
  readonly pieces: readonly Buffer[];
  readonly bytes: number;
}

/**
 * `data` between `head` and `tail` as the caller wants it. What came compressed leaves compressed as it came, or
 * inflated; only lines, br, zstd, and what never was compressed are compressed here, and only they take time: all
 * else comes at once, without a copy of `data`. Throws or rejects with `BodyError` where `data` cannot be read.
 */
export function respond(data: Body, around: Around, wish: Wish): Response | Promise<Response> {
  if (wish.isPretty) return encoded(prettyPrint(whole(data, around)), wish);
  const joined = wish.encoding === 'gzip' && data.encoding === 'gzip' ? join(data, around) : null;
  if (joined !== null) return responseOf('gzip', joined);
  if (wish.encoding !== 'identity') return encoded(whole(data, around), wish);
  const text = data.encoding === 'identity' ? data.wire : [data.plain()];
  return responseOf('identity', [around.head, ...text, around.tail]);
}

function join({ wire }: Body, { head, tail }: Around): Buffer[] | null {
  const [first, ...more] = wire;
  if (first === undefined) return null;
  return joinGzip(head, more.length === 0 ? first : Buffer.concat(wire), tail);
}

const whole = (data: Body, { head, tail }: Around) => Buffer.concat([head, data.plain(), tail]);

/** A text of ours, which leaves as it is where compressing it would not be worth it. */
function encoded(text: Buffer, { encoding, isPlainFine }: Negotiated): Response | Promise<Response> {
  if (encoding === 'identity' || (isPlainFine && text.length < WORTH_BYTES))
    return responseOf('identity', [text]);
  return compress(text, encoding).then((body) => responseOf(encoding, [body]));
}

function responseOf(encoding: Encoding, pieces: readonly Buffer[]): Response {
  let bytes = 0;
  for (const piece of pieces) bytes += piece.length;
  return { encoding, pieces, bytes };
}

/** A text of our own as a body. */
export const bodyOf = (text: Buffer): Body => ({ encoding: 'identity', wire: [text], plain: () => text });
