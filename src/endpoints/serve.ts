import type { FastifyInstance, FastifyReply, FastifyRequest, onRequestAsyncHookHandler } from 'fastify';
import { limitsOf } from '../domain/account.ts';
import { unboundedHold } from '../domain/bytes-in-flight.ts';
import type { Call } from '../domain/call.ts';
import type { Clock } from '../domain/clock.ts';
import type { Log } from '../domain/log.ts';
import type { Upstream } from '../domain/upstream.ts';
import type { Success } from '../envelope/leave.ts';
import { linkHeaderOf } from '../envelope/link.ts';
import type { Answer, Endpoint, Reader } from './endpoint.ts';
import { BASE_PATH } from './table.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The row behind a route; absent on pages that are none. */
    endpoint?: Endpoint;
  }
}

export interface ServeOptions {
  readonly table: readonly Endpoint[];
  /** The gates before every row, in their order. */
  readonly way: onRequestAsyncHookHandler[];
  readonly upstream: Upstream;
  /** Hosts whose URLs in answers are believed. */
  readonly believedHosts: ReadonlySet<string>;
  /** What callers see before `BASE_PATH`; empty for links from the root. */
  readonly publicUrl: string;
  readonly deadlineMs: number;
  readonly clock: Clock;
  readonly log: Log;
  callOf(request: FastifyRequest): Call;
  /** Ends a call that succeeded. */
  leave(reply: FastifyReply, call: Call, success: Success): Promise<FastifyReply>;
}

/** Rows become routes: the way, the row's answer, the envelope. */
export function serve(app: FastifyInstance, options: ServeOptions): void {
  for (const endpoint of options.table) {
    app.route({
      method: ['GET', 'HEAD'],
      url: BASE_PATH + endpoint.path,
      config: { endpoint },
      onRequest: options.way,
      handler: async (request, reply) => {
        const call = options.callOf(request);
        const answer = await endpoint.answer(call.input, readerFor(call, options));
        return options.leave(reply, call, successOf(endpoint, answer, options.publicUrl));
      },
    });
  }
}

function successOf(endpoint: Endpoint, answer: Answer, publicUrl: string): Success {
  return {
    data: answer.data,
    message: endpoint.message,
    link: linkHeaderOf(publicUrl + BASE_PATH + endpoint.path, answer.links ?? {}),
    upstreamRequestId: answer.upstreamRequestId,
  };
}

/** Bitbucket for one call: on its account, within its deadline, the time spent there noted. */
function readerFor(call: Call, { upstream, believedHosts, deadlineMs, clock, log }: ServeOptions): Reader {
  const { caller } = call;
  if (caller === null) throw new Error('no row is reached without a caller');
  const upstreamCall = {
    accountId: caller.account.id,
    weight: limitsOf(caller.account).callsPerSecond,
    deadlineAtMs: call.startedAtMs + deadlineMs,
    hangUp: call.hangUp,
    requestId: call.id,
    room: unboundedHold,
  };
  return {
    get: async (request) => {
      const startedAtMs = clock.monotonic();
      try {
        return await upstream.get(request, upstreamCall);
      } finally {
        call.upstreamMs += clock.monotonic() - startedAtMs;
      }
    },
    believes: (url) => {
      const parsed = URL.parse(url);
      const believed = parsed?.protocol === 'https:' && believedHosts.has(parsed.host);
      if (!believed)
        log.warn({ request_id: call.id, host: parsed?.host }, 'an upstream link leads elsewhere');
      return believed;
    },
  };
}
