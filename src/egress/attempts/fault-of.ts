import type { Fault } from '../fault.ts';
import { TunnelError } from '../sources/tunnel-error.ts';

/** Our own deadline passed. */
export const TIMED_OUT: Fault = { verdict: 'timeout', words: 'timed out' };

/** What an error of the dispatcher says of the exit; one of the tunnel names its fault itself. */
export function faultOf(error: Error, sent: boolean): Fault {
  if (error instanceof TunnelError) return error;
  const { code = error.name } = error as NodeJS.ErrnoException;
  return {
    verdict: 'broken',
    words: `the ${sent ? 'answer was cut' : 'request could not be sent'} (${code})`,
  };
}
