import type { PlanName } from '../../src/domain/plan.ts';
import type { ExitState, ExitTerms } from './world/exits.ts';
import type { Weather } from './world/upstream.ts';

/** What a run is made of, and stays the same while its plan is shortened. */
export interface Setup {
  readonly seed: number;
  readonly store: 'sqlite' | 'redis';
  readonly gateways: number;
  readonly deadlineMs: number;
  readonly maxBytesInFlight: number;
  readonly hourlyBudget: number;
  readonly hourlyCeiling: number | null;
  readonly exits: readonly ExitTerms[];
  readonly accounts: readonly AccountTerms[];
  /** What all calendars say at the beginning. */
  readonly epochMs: number;
  readonly storeLatencyMs: number;
}

export interface AccountTerms {
  readonly plan: PlanName;
  readonly callsPerMonth: number;
  readonly callsPerSecond: number;
}

/** What a call asks for. `hard`: two reads of the upstream. */
export type Wish =
  | 'repo'
  | 'branches'
  | 'private'
  | 'missing'
  | 'closed'
  | 'gone'
  | 'refused'
  | 'meta'
  | 'invalid'
  | 'nowhere';

export type CallEvent = {
  readonly do: 'call';
  /** Its number, for names that only this call uses. */
  readonly n: number;
  readonly gateway: number;
  readonly account: number;
  /** `old`: a key that was replaced or revoked, where there is one. */
  readonly key: 'newest' | 'old' | 'unknown';
  readonly wish: Wish;
  readonly readMs: number;
  /** How long the caller waits before hanging up; null: for ever. */
  readonly patienceMs: number | null;
};

/** Everything that happens to a world from outside. */
export type Event = { readonly atMs: number } & (
  | CallEvent
  | { readonly do: 'weather'; readonly weather: Weather; readonly forMs: number }
  | { readonly do: 'exit'; readonly exit: string; readonly state: ExitState; readonly forMs: number }
  /** Another list of exits: those at these places. */
  | { readonly do: 'reload'; readonly exits: readonly number[]; readonly gateway: number }
  /** The loop of a gateway stands still. */
  | { readonly do: 'stall'; readonly gateway: number; readonly ms: number }
  /** A calendar is set; `store`: that of the Redis server. */
  | { readonly do: 'jump'; readonly gateway: number | 'store'; readonly ms: number }
  /** The Redis server answers nothing for a while. */
  | { readonly do: 'hang'; readonly ms: number }
  /** The Redis server does what it is told, and its answers come that much later. */
  | { readonly do: 'mute'; readonly ms: number }
  /** Another Redis server takes over after `awayMs`; it lacks what came in the last `lostMs`. */
  | { readonly do: 'failover'; readonly lostMs: number; readonly awayMs: number }
  /** The Redis server is demoted to a replica for a while. */
  | { readonly do: 'demote'; readonly ms: number }
  /** The SQLite file takes no more pages, or no writes at all. */
  | { readonly do: 'full'; readonly ms: number; readonly how: 'no pages' | 'read-only' }
  /** SIGTERM or SIGKILL, and a new start after `backMs`. */
  | { readonly do: 'stop' | 'kill'; readonly gateway: number; readonly backMs: number }
  | { readonly do: 'rotate'; readonly account: number; readonly overlapMs: number }
  | { readonly do: 'revoke'; readonly account: number }
  | { readonly do: 'suspend'; readonly account: number; readonly forMs: number }
);

export interface Plan {
  readonly setup: Setup;
  /** By `atMs`. */
  readonly events: readonly Event[];
}
