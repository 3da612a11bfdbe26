import { lookup as systemLookup } from 'node:dns';
import * as http from 'node:http';
import * as https from 'node:https';
import type { LookupFunction } from 'node:net';
import { hostKindOf, isLoopbackAddress, isPublicAddress } from '../domain/addresses.ts';
import type { Clock } from '../domain/clock.ts';
import { webhookSignatureOf } from './signature.ts';

/** So long a receiver may take to answer, ms. */
const ANSWER_MS = 10_000;
/** So much of its answer is read at most, bytes: nobody looks at it. */
const MOST_BYTES = 64 * 1024;

export interface ReceiverOptions {
  /** https, or of this machine. */
  readonly url: string;
  readonly secret: string;
  readonly clock: Clock;
  readonly resolve?: typeof systemLookup;
}

/** Who is told of events. */
export interface Receiver {
  /**
   * One try: null when it answered with a 2xx, else why not, in words that hold neither address nor secret. No redirect
   * is followed. Never rejects; ends with `signal`.
   */
  send(body: string, signal: AbortSignal): Promise<string | null>;
}

/**
 * Straight from here, past every proxy of the environment. The addresses behind a name are looked at when the
 * connection is made, for what a name leads to may be another thing by then.
 */
export function createReceiver({ url, secret, clock, resolve = systemLookup }: ReceiverOptions): Receiver {
  const target = new URL(url);
  const { Agent, request } = target.protocol === 'https:' ? https : http;
  const isLocal = hostKindOf(target) === 'loopback';
  const fixed = {
    method: 'POST',
    agent: new Agent({ keepAlive: false }),
    lookup: checkedLookup(isLocal ? isLoopbackAddress : isPublicAddress, resolve),
  };
  const headersOf = (body: string) => ({
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    'user-agent': 'bitbucket-gateway/1.0 (webhooks)',
    'x-oanor-signature': webhookSignatureOf(secret, body, clock.now()),
  });

  return {
    send: (body, signal) =>
      new Promise((settle) => {
        const sending = request(target, { ...fixed, signal, headers: headersOf(body) });
        const cancel = clock.after(ANSWER_MS, () => {
          settle(`no answer within ${ANSWER_MS / 1_000} s`);
          sending.destroy();
        });
        sending.once('response', (response) => {
          settle(isTaken(response.statusCode) ? null : `it answered ${response.statusCode}`);
          readAway(response);
        });
        sending.on('error', (error: NodeJS.ErrnoException) => settle(error.code ?? error.name));
        sending.once('close', () => {
          cancel();
          settle('the connection was cut');
        });
        sending.end(body);
      }),
  };
}

const isTaken = (status = 0) => status >= 200 && status < 300;

/** Read to its end for the sender's sake, within bounds. */
function readAway(response: http.IncomingMessage): void {
  let bytes = 0;
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > MOST_BYTES) response.destroy();
  });
  response.on('error', () => {});
}

/** As the system resolves names, where every address that comes out is allowed; else nothing is connected to. */
function checkedLookup(
  isAllowed: (address: string) => boolean,
  resolve: typeof systemLookup,
): LookupFunction {
  return (name, options, done) => {
    resolve(name, { ...options, all: true }, (error, addresses) => {
      const [first] = addresses ?? [];
      if (error !== null) done(error, []);
      else if (first === undefined || !addresses.every(({ address }) => isAllowed(address)))
        done(Object.assign(new Error('not allowed'), { code: 'its name leads to a private address' }), []);
      else if (options.all === true) done(null, addresses);
      else done(null, first.address, first.family);
    });
  };
}
