import { Buffer } from 'node:buffer';
import { isoOf } from '../domain/calendar.ts';
import type { Failure } from '../domain/failure.ts';

/** What `meta` says of every call. */
export interface Stamp {
  /** UUID. */
  readonly requestId: string;
  /** Epoch ms. */
  readonly atMs: number;
}

/** What stands around `data`. */
export interface Around {
  readonly head: Buffer;
  readonly tail: Buffer;
}

/**
 * The envelope of an answer: `data` stands in it byte for byte, between a head and a tail of ours. Parsing and
 * writing it again would cost nine times as much and lose what a double cannot hold.
 */
export function aroundOf({ requestId, atMs }: Stamp, message: string): Around {
  const timestamp = isoOf(atMs);
  const tail = `,"meta":{"timestamp":"${timestamp}","request_id":"${requestId}"},"status":"ok","message":${JSON.stringify(message)},"success":true}`;
  return { head: HEAD, tail: Buffer.from(tail) };
}

const HEAD = Buffer.from('{"data":');

/** The same five keys for a call that ends without data; `docs` is the page that says what to do about it. */
export function failureEnvelope(failure: Failure, { requestId, atMs }: Stamp, docs: string): Buffer {
  const details = failure.details.length === 0 ? {} : { details: failure.details };
  return Buffer.from(
    JSON.stringify({
      data: null,
      meta: {
        timestamp: isoOf(atMs),
        request_id: requestId,
        code: failure.code,
        docs,
        ...details,
      },
      status: 'error',
      message: failure.message,
      success: false,
    }),
  );
}
