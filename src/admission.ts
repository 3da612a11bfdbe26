import { Failure } from './domain/failure.ts';
import type { Permit } from './way/call.ts';

/** More calls at once than any pool of exits can serve; beyond it waiting would only fill memory. */
const MAX_CALLS_UNDER_WAY = 2_000;

/** `open`: calls are wanted. `leaving`: still taken, but sent elsewhere by who asks. `draining`: refused. */
export type Phase = 'open' | 'leaving' | 'draining';

/** Who is let in, and how many there are. */
export interface Admission {
  phase: Phase;
  /** A place among the calls under way, until `leave`. Throws `draining` and `overloaded`. */
  enter(): Permit;
  /** Calls whose answers are not gone yet. */
  underWay(): number;
}

export const drainingFailure = () => Failure.of('draining', { retryAfterMs: 1_000 });

export function createAdmission(maxCalls = MAX_CALLS_UNDER_WAY): Admission {
  let underWay = 0;
  const admission: Admission = {
    phase: 'open',
    underWay: () => underWay,
    enter: () => {
      if (admission.phase === 'draining') throw drainingFailure();
      if (underWay >= maxCalls) throw Failure.of('overloaded', { retryAfterMs: 1_000 });
      underWay += 1;
      let left = false;
      return {
        leave: () => {
          if (left) return;
          left = true;
          underWay -= 1;
        },
      };
    },
  };
  return admission;
}
