import { expect } from 'vitest';
import { unboundedHold } from '../../../src/domain/bytes-in-flight.ts';
import { Failure } from '../../../src/domain/failure.ts';
import { Spares } from '../../../src/domain/spares.ts';
import { silentTelemetry } from '../../../src/domain/telemetry.ts';
import { Allowance } from '../../../src/egress/attempts/allowance.ts';
import { Latencies } from '../../../src/egress/attempts/latencies.ts';
import { Pursuit } from '../../../src/egress/attempts/pursuit.ts';
import { upstreamBaseOf } from '../../../src/egress/attempts/redirect.ts';
import type { Exit, Pool } from '../../../src/egress/exits/port.ts';
import { TunnelError } from '../../../src/egress/sources/tunnel-error.ts';
import type { VirtualClock } from '../../virtual-clock.ts';
import { createFakeDispatcher, type FakeRequest, JSON_TYPE } from '../attempts/fake-dispatcher.ts';

type React = (request: FakeRequest, clock: VirtualClock) => void;

const answers =
  (status: number, headers: Record<string, string> = JSON_TYPE): React =>
  (request) =>
    void request.answer(status, '{}', headers);

/** What an attempt may meet. */
export const MEETINGS: readonly React[] = [
  answers(200),
  answers(200),
  answers(404),
  answers(500),
  answers(429, { 'retry-after': '90' }),
  answers(403, { 'content-type': 'text/html' }),
  answers(302, { location: '/2.0/elsewhere' }),
  (request) => void request.begin(),
  () => {},
  (request) => void request.fail(new TunnelError('refused', 'the proxy refused the connection')),
  (request) => void request.begin().fail(new Error('cut')),
  (request, clock) => void clock.after(6_000, () => request.begin().head(200).data('{}').end()),
];

export interface Callers {
  /** A call of `reads` reads whose attempts meet in turn what `meets` say, over and over. */
  call(accountId: string, weight: number, reads: number, meets: readonly number[]): void;
  hangUp(which: number): void;
  /** Settles when every call has ended. */
  ended(): Promise<unknown>;
}

/**
 * Callers of one gateway, whose calls go through the pool by the real pursuit and attempts. `arrived` is told of each
 * request that was sent.
 */
export function createCallers(
  pool: Pool,
  clock: VirtualClock,
  random: () => number,
  arrived: (exit: Exit) => void,
): Callers {
  const shared = {
    base: upstreamBaseOf('https://api.bitbucket.org/2.0'),
    allowance: new Allowance(),
    latencies: new Latencies(),
    clock,
    telemetry: silentTelemetry,
    random,
    soon: (work: () => void) => work(),
  };
  const underWay: AbortController[] = [];
  const calls: Promise<void>[] = [];

  const make = async (
    accountId: string,
    weight: number,
    reads: number,
    meets: readonly number[],
    hangUp: AbortSignal,
  ) => {
    let attempts = 0;
    const dispatched = withDispatchers(pool, (exit, request) => {
      const meet = MEETINGS[meets[attempts % meets.length] ?? 0] as React;
      attempts += 1;
      const begin = request.begin.bind(request);
      const watched = Object.assign(Object.create(request) as FakeRequest, {
        begin: () => {
          const before = request.sent;
          begin();
          if (request.sent && !before) arrived(exit);
          return watched;
        },
        answer: (status: number, body: string, headers: Record<string, string>) =>
          watched.begin().head(status, headers).data(body).end(),
      });
      meet(watched, clock);
    });
    const tools = { ...shared, pool: dispatched };
    const deadlineAtMs = clock.monotonic() + 15_000;
    const call = {
      accountId,
      weight,
      deadlineAtMs,
      hangUp,
      requestId: 'r',
      attempts: [],
      spares: new Spares(),
      room: unboundedHold,
    };
    for (let made = 1; made <= reads; made += 1) {
      const failure = await new Pursuit(tools, call)
        .run({ target: '/x', read: () => 1 })
        .catch((error: unknown) => error);
      if (failure !== 1) expect(failure).toBeInstanceOf(Failure);
      expect(attempts, 'attempts of one call').toBeLessThanOrEqual(made + 3);
    }
  };

  return {
    call: (accountId, weight, reads, meets) => {
      const controller = new AbortController();
      underWay.push(controller);
      calls.push(make(accountId, weight, reads, meets, controller.signal));
    },
    hangUp: (which) => underWay.splice(which % Math.max(1, underWay.length), 1)[0]?.abort(),
    ended: () => Promise.all(calls),
  };
}

/** The same pool, whose exits have dispatchers without sockets. */
function withDispatchers(pool: Pool, react: (exit: Exit, request: FakeRequest) => void): Pool {
  const doubles = new Map<Exit, Exit>();
  const originals = (avoid: readonly Exit[]) =>
    [...doubles].filter(([, double]) => avoid.includes(double)).map(([exit]) => exit);
  return {
    ...pool,
    hasOther: (avoid) => pool.hasOther(originals(avoid)),
    reserve: async (payer, avoid) => {
      const reservation = await pool.reserve(payer, originals(avoid));
      const { exit, settle } = reservation;
      const { label, source, queue } = exit;
      const dispatcher = createFakeDispatcher((request) => react(exit, request));
      const double = doubles.get(exit) ?? { label, source, queue, connection: () => dispatcher };
      doubles.set(exit, double);
      return { exit: double, settle };
    },
  };
}
