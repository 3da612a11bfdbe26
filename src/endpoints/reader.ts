import type { Clock } from '../domain/clock.ts';
import type { Log } from '../domain/log.ts';
import type { Upstream, UpstreamCall } from '../domain/upstream.ts';
import type { Reader } from './endpoint.ts';

export interface ReaderOptions {
  readonly upstream: Upstream;
  /** The upstream's base; its host is believed beside api.bitbucket.org. */
  readonly upstreamUrl: string;
  readonly clock: Clock;
  readonly log: Log;
}

/** Makes Bitbucket readable for one call: on its account, within its deadline; `noteMs` learns the time spent there. */
export function createReaders({ upstream, upstreamUrl, clock, log }: ReaderOptions) {
  const believedHosts = new Set(['api.bitbucket.org', new URL(upstreamUrl).host]);
  return (call: UpstreamCall, noteMs: (ms: number) => void): Reader => ({
    get: async (request) => {
      const startedAtMs = clock.monotonic();
      try {
        return await upstream.get(request, call);
      } finally {
        noteMs(clock.monotonic() - startedAtMs);
      }
    },
    believes: (url): url is URL => {
      const believed = url?.protocol === 'https:' && believedHosts.has(url.host);
      if (!believed)
        log.warn({ request_id: call.requestId, host: url?.host }, 'an upstream link leads elsewhere');
      return believed;
    },
  });
}
