import type { BytesHold } from '../../domain/bytes-in-flight.ts';
import type { Clock } from '../../domain/clock.ts';
import type { Failure } from '../../domain/failure.ts';
import type { Soon } from '../../domain/step.ts';
import type { UpstreamHead } from '../../domain/upstream.ts';
import type { Exit } from '../exits/port.ts';
import type { End, Result } from './result.ts';

/** One GET through one exit. */
export interface AttemptOptions {
  readonly exit: Pick<Exit, 'connection' | 'queue'>;
  readonly accountId: string;
  readonly origin: string;
  /** Path and query, the API's base included. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** On `clock.monotonic`, ms: over the queue, the tunnel and the body. */
  readonly deadlineAtMs: number;
  readonly clock: Clock;
  /** Brings answers that came in one turn in step. */
  readonly soon: Soon;
  /** Asked before bytes are kept. */
  readonly room: BytesHold;
  /** Looks at the head of an answer below 400; what it returns ends the attempt. */
  readonly refuse: ((head: UpstreamHead) => Failure | undefined) | undefined;
  /** Once, when the result is known. A drained request is told of by `onEnd` later. */
  readonly onResult: (result: Result) => void;
  /** Once, when nothing of it is under way any more. */
  readonly onEnd: (end: End) => void;
}
