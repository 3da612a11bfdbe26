import type { AttemptVerdict } from '../domain/telemetry.ts';

/** Why an exit brought no answer: told to the pool, to telemetry and to the operator. */
export interface Fault {
  /** `credentials` means who we say we are, not this one exit. */
  readonly verdict: Extract<
    AttemptVerdict,
    'refused' | 'credentials' | 'certificate' | 'proxy_error' | 'timeout' | 'broken'
  >;
  /** For a person; holds no address and no password. */
  readonly words: string;
}
