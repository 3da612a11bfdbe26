import type { Dispatcher } from 'undici';
import type { Failure } from '../../domain/failure.ts';
import { type Body, BodyError, type UpstreamHead } from '../../domain/upstream.ts';
import { createBody } from './body.ts';

/** As sent; Bitbucket's largest pages are 25 kB compressed. */
export const MAX_WIRE_BYTES = 8 * 1024 * 1024;

/** What one request through one exit came to. */
export interface Outcome extends UpstreamHead {
  readonly body: Body;
}

export type Fault = 'tunnel' | 'timeout' | 'cut' | 'too_large';

/** One attempt that brought no answer. */
export class AttemptError extends Error {
  override readonly name = 'AttemptError';
  readonly fault: Fault;
  /** Whether the request may have reached Bitbucket, and so counts there. */
  readonly mayHaveLeft: boolean;

  constructor(fault: Fault, mayHaveLeft: boolean, cause?: unknown) {
    super(fault, { cause });
    this.fault = fault;
    this.mayHaveLeft = mayHaveLeft;
  }
}

export interface AttemptOptions {
  readonly dispatcher: Dispatcher;
  readonly origin: string;
  /** Path and query, the API's base included. */
  readonly path: string;
  readonly userAgent: string;
  readonly timeoutMs: number;
  /** Ends the attempt: the caller hung up, or another attempt was faster. */
  readonly signal: AbortSignal;
  readonly refuse: ((head: UpstreamHead) => Failure | undefined) | undefined;
}

/**
 * One GET through one exit. Rejects with `AttemptError`, with what `refuse` returned, or with the signal's reason.
 * Our own timer stands above undici's, whose signal does nothing while a tunnel is being made.
 */
export function attempt(options: AttemptOptions): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    let controller: Dispatcher.DispatchController | undefined;
    let head: UpstreamHead | undefined;
    const chunks: Buffer[] = [];
    let wireBytes = 0;

    const end = (settle: () => void) => {
      clearTimeout(timer);
      options.signal.removeEventListener('abort', onAbort);
      settle();
    };
    const stop = (error: Error) => {
      end(() => reject(error));
      controller?.abort(error);
    };
    const onAbort = () => stop(options.signal.reason as Error);
    const timer = setTimeout(
      () => stop(new AttemptError('timeout', controller !== undefined)),
      options.timeoutMs,
    );
    options.signal.addEventListener('abort', onAbort, { once: true });

    const handler: Dispatcher.DispatchHandler = {
      onRequestStart: (started) => {
        controller = started;
        if (options.signal.aborted) started.abort(options.signal.reason as Error);
      },
      onResponseStart: (_controller, status, headers) => {
        if (status < 200) return;
        head = { status, headers: joined(headers) };
        const refusal = status < 400 ? options.refuse?.(head) : undefined;
        if (refusal !== undefined) stop(refusal);
        else if (Number(head.headers['content-length'] ?? 0) > MAX_WIRE_BYTES)
          stop(new AttemptError('too_large', true));
      },
      onResponseData: (_controller, chunk) => {
        wireBytes += chunk.length;
        if (wireBytes > MAX_WIRE_BYTES) stop(new AttemptError('too_large', true));
        else chunks.push(chunk);
      },
      onResponseEnd: () => {
        const { status, headers } = head as UpstreamHead;
        try {
          const body = createBody(chunks, headers['content-encoding']);
          body.plain();
          end(() => resolve({ status, headers, body }));
        } catch (error) {
          end(() => reject(new AttemptError(isTooLarge(error) ? 'too_large' : 'cut', true, error)));
        }
      },
      onResponseError: (_controller, error) => end(() => reject(faultOf(error, controller !== undefined))),
    };
    options.dispatcher.dispatch(
      {
        origin: options.origin,
        path: options.path,
        method: 'GET',
        headers: { accept: 'application/json', 'accept-encoding': 'gzip', 'user-agent': options.userAgent },
      },
      handler,
    );
  });
}

function faultOf(error: Error, started: boolean): Error {
  if (error instanceof AttemptError) return error;
  return started ? new AttemptError('cut', true, error) : new AttemptError('tunnel', false, error);
}

const isTooLarge = (error: unknown) => error instanceof BodyError && error.cause instanceof RangeError;

function joined(headers: Readonly<Record<string, string | string[] | undefined>>): Record<string, string> {
  const entries = Object.entries(headers).filter(
    (entry): entry is [string, string | string[]] => entry[1] !== undefined,
  );
  return Object.fromEntries(
    entries.map(([name, value]) => [name.toLowerCase(), Array.isArray(value) ? value.join(', ') : value]),
  );
}
