import type { Failure } from '../../domain/failure.ts';
import type { UpstreamHead } from '../../domain/upstream.ts';
import type { Fault } from '../fault.ts';

/** What one attempt came to. */
export type Result =
  | { readonly kind: 'answer'; readonly head: UpstreamHead; readonly wire: readonly Buffer[] }
  | { readonly kind: 'refused'; readonly head: UpstreamHead; readonly failure: Failure }
  | { readonly kind: 'too_large'; readonly head: UpstreamHead }
  | { readonly kind: 'fault'; readonly fault: Fault; readonly sent: boolean }
  /** The deadline passed while there was no room for its bytes. */
  | { readonly kind: 'no_room' }
  | { readonly kind: 'abandoned' };

/** What is left to say when nothing of an attempt is under way any more. */
export interface End {
  /** Bitbucket's, where it answered, be it to nobody any more. */
  readonly head: UpstreamHead | null;
  /** Why it ended without one, where that is somebody's fault; told also when nobody waited any more. */
  readonly fault: Fault | null;
  /** Whether the request may have reached Bitbucket, and so counts there. */
  readonly sent: boolean;
  /** Of the time that passed, what was not spent waiting for room. */
  readonly durationMs: number;
  readonly bytesUp: number;
  readonly bytesDown: number;
}
