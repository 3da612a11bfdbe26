import type { Agent } from 'node:http';
import type { buildConnector } from 'undici';
import type { SourceTerms } from '../../domain/traffic.ts';

/**
 * What exits are made of: one entry of the list. Each kind is one file beside this one, and no other file asks what
 * kind it is. User and password live in closures: no inspection or JSON of a source shows them.
 */
export interface Source {
  /** For logs and tables, without a secret; its own among the sources of one list. */
  readonly label: string;
  /** Stable over restarts and new passwords: a digest of scheme, host, port and user. Its own within one list. */
  readonly id: string;
  /** Makes as many exits as are wanted, each with a budget of its own and each mortal; else exactly one. */
  readonly many: boolean;
  /** Whether faults may set its exits aside; our own address never is. */
  readonly ejectable: boolean;
  /** Calls an hour that one of its exits may make; null: what the operator set for all. */
  readonly hourlyBudget: number | null;
  /** Exits that share it are refused together; null where none is given. Differs with the password, tells nothing of it. */
  readonly credential: string | null;
  /** What its traffic costs, and how much of it there may be a month. */
  readonly terms: SourceTerms;
  /** Another exit, under a session of its own; with `session`, that one's again (after a new password). */
  mint(session?: string): Minted;
}

/** One exit, not yet opened. */
export interface Minted {
  /** Fit for a path and a key of a store. */
  readonly id: string;
  readonly label: string;
  /** The name that a template's exit has with its vendor. */
  readonly session: string | null;
  /** Whether it is the same exit under this id after a restart, so that its budget is worth keeping. */
  readonly kept: boolean;
  /** Ends with its first tunnel: the next one would leave from another address. */
  readonly oneTunnel: boolean;
  /** Opens a tunnel and TLS to the upstream within its own time limit; fails with `TunnelError`. Costs no budget. */
  readonly connect: buildConnector.connector;
  /** Leaves the same way by other means than `connect`, for `exits -- check`; absent where there are none. */
  readonly secondClient?: () => Agent;
}
