import { randomInt } from 'node:crypto';
import type { LookupAddress } from 'node:dns';
import { lookup } from 'node:dns/promises';
import type { Clock } from '../../domain/clock.ts';
import { type Pulse, silentPulse } from '../../domain/pulse.ts';
import { createUpstreamTls, type UpstreamTls } from './upstream-tls.ts';

/** What all sources of a gateway open their exits with; one of it, so that all exits share TLS sessions. */
export interface SourceTools {
  readonly clock: Clock;
  /** Told of each connection that was opened. */
  readonly pulse: Pulse;
  /** In [0, 1), for names of sessions. */
  readonly random: () => number;
  /** How long TCP, tunnel and TLS may take together, ms. */
  readonly connectTimeoutMs: number;
  readonly tls: UpstreamTls;
  /** This machine's resolver, for `socks5://`, which is handed addresses. */
  readonly lookup: (host: string) => Promise<LookupAddress>;
}

const CONNECT_TIMEOUT_MS = 5_000;

export function createSourceTools(clock: Clock, given: Partial<SourceTools> = {}): SourceTools {
  return {
    clock,
    pulse: silentPulse,
    random: secureRandom,
    connectTimeoutMs: CONNECT_TIMEOUT_MS,
    tls: createUpstreamTls(),
    lookup: (host) => lookup(host),
    ...given,
  };
}

/** Sessions are shared with a vendor's other customers: a name that another may guess would share our address. */
const secureRandom = () => randomInt(2 ** 32) / 2 ** 32;
