import type { Failure } from '../domain/failure.ts';

/** What `meta` says of every call. */
export interface Stamp {
  readonly requestId: string;
  /** Epoch ms. */
  readonly atMs: number;
}

/**
 * The envelope of an answer: `data` stands in it byte for byte, between a head and a tail of ours. Parsing and
 * writing it again would cost nine times as much and lose what a double cannot hold.
 */
export function successEnvelope(data: Buffer, stamp: Stamp, message: string): Buffer {
  const tail = `,"meta":${JSON.stringify(metaOf(stamp))},"status":"ok","message":${JSON.stringify(message)},"success":true}`;
  return Buffer.concat([HEAD, data, Buffer.from(tail)]);
}

const HEAD = Buffer.from('{"data":');

/** The same five keys for a call that ends without data. */
export function failureEnvelope(failure: Failure, stamp: Stamp): Buffer {
  const details = failure.details.length === 0 ? {} : { details: failure.details };
  return Buffer.from(
    JSON.stringify({
      data: null,
      meta: { ...metaOf(stamp), code: failure.code, ...details },
      status: 'error',
      message: failure.message,
      success: false,
    }),
  );
}

const metaOf = ({ requestId, atMs }: Stamp) => ({
  timestamp: new Date(atMs).toISOString(),
  request_id: requestId,
});
