import type { Call } from '../domain/call.ts';
import type { Failure } from '../domain/failure.ts';

type Told = Pick<Call, 'id' | 'receivedAtMs'>;

/**
 * The envelope of an answer: `data` stands in it byte for byte, between a head and a tail of ours. Parsing and
 * writing it again would cost nine times as much and lose what a double cannot hold.
 */
export function successEnvelope(data: Buffer, call: Told, message: string): Buffer {
  const tail = `,"meta":${JSON.stringify(metaOf(call))},"status":"ok","message":${JSON.stringify(message)},"success":true}`;
  return Buffer.concat([HEAD, data, Buffer.from(tail)]);
}

const HEAD = Buffer.from('{"data":');

/** The same five keys for a call that ends without data. */
export function failureEnvelope(failure: Failure, call: Told): Buffer {
  const details = failure.details.length === 0 ? {} : { details: failure.details };
  return Buffer.from(
    JSON.stringify({
      data: null,
      meta: { ...metaOf(call), code: failure.code, ...details },
      status: 'error',
      message: failure.message,
      success: false,
    }),
  );
}

const metaOf = (call: Told) => ({
  timestamp: new Date(call.receivedAtMs).toISOString(),
  request_id: call.id,
});
