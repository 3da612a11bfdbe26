import { createStep } from '../domain/step.ts';
import type { Upstream, UpstreamCall, UpstreamRequest } from '../domain/upstream.ts';
import { Allowance } from './attempts/allowance.ts';
import { Latencies } from './attempts/latencies.ts';
import { Pursuit } from './attempts/pursuit.ts';
import { upstreamBaseOf } from './attempts/redirect.ts';
import { createPool, type PoolOptions } from './exits/pool.ts';
import type { Pool } from './exits/port.ts';

export interface BitbucketOptions extends Omit<PoolOptions, 'origin'> {
  readonly upstreamUrl: string;
}

export interface Bitbucket
  extends Upstream,
    Pick<Pool, 'ready' | 'snapshot' | 'setAside' | 'bringBack' | 'stopSources'> {
  /** Another list of exits; calls under way end on the old ones. */
  replaceExits: Pool['replace'];
}

/** Bitbucket through the exits: a pool that says where the next attempt leaves from, and pursuits that make them. */
export function createBitbucket(options: BitbucketOptions): Bitbucket {
  const base = upstreamBaseOf(options.upstreamUrl);
  const pool = createPool({ ...options, origin: base.origin });
  const { clock, telemetry, random } = options;
  const tools = {
    pool,
    base,
    clock,
    telemetry,
    random,
    soon: createStep(),
    allowance: new Allowance(),
    latencies: new Latencies(),
  };
  return {
    get: <Value>(request: UpstreamRequest<Value>, call: UpstreamCall) => {
      tools.allowance.earn();
      return new Pursuit(tools, call).run(request) as Promise<Value>;
    },
    replaceExits: pool.replace,
    ready: pool.ready,
    snapshot: pool.snapshot,
    setAside: pool.setAside,
    bringBack: pool.bringBack,
    stopSources: pool.stopSources,
    close: pool.close,
  };
}
