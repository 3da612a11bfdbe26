import type { Duplex } from 'node:stream';
import type { buildConnector } from 'undici';
import { NO_TERMS } from '../../../src/domain/traffic.ts';
import type { Minted, Source } from '../../../src/egress/sources/source.ts';
import { TunnelError, timedOut, tunnelRefused } from '../../../src/egress/sources/tunnel-error.ts';
import { createLine } from './line.ts';
import type { Machine } from './machine.ts';
import type { Time } from './time.ts';
import type { SimulatedUpstream } from './upstream.ts';

/** How a proxy does. */
export const EXIT_STATES = ['well', 'refuses', 'silent', 'credentials', 'error', 'slow'] as const;
export type ExitState = (typeof EXIT_STATES)[number];

/** An entry of the list of exits. `rotating`: a new address for each tunnel. */
export interface ExitTerms {
  readonly id: string;
  readonly kind: 'fixed' | 'sessions' | 'rotating';
  /** Exits of one credential are refused together. */
  readonly credential: string | null;
  readonly latencyMs: number;
}

/** All proxies of a world, as the internet has them. */
export interface Proxies {
  /** The entry `terms` as a gateway on `machine` makes it. */
  sourceOf(terms: ExitTerms, machine: Machine): Source;
  /** From now on; what is open through it is reset unless it is well. */
  become(id: string, state: ExitState): void;
}

const CONNECT_TIMEOUT_MS = 5_000;

export function createProxies(time: Time, upstream: SimulatedUpstream, random: () => number): Proxies {
  const states = new Map<string, ExitState>();
  const open = new Map<string, Set<Duplex>>();
  let serial = 0;

  const connectVia =
    (terms: ExitTerms, machine: Machine, addressOf: () => string): Minted['connect'] =>
    (_options, done) => {
      const state = states.get(terms.id) ?? 'well';
      const fail = (ms: number, error: TunnelError) => void machine.clock.after(ms, () => done(error, null));
      if (state === 'silent') return fail(CONNECT_TIMEOUT_MS, timedOut());
      if (state === 'refuses')
        return fail(terms.latencyMs, new TunnelError('refused', 'the proxy refused the connection'));
      if (state === 'credentials') return fail(2 * terms.latencyMs, tunnelRefused(407));
      if (state === 'error') return fail(2 * terms.latencyMs, tunnelRefused(502));
      const slowness = () => (states.get(terms.id) === 'slow' ? 20 : 1);
      const latencyMs = () => slowness() * terms.latencyMs * (0.8 + 0.4 * random());
      const socket = createLine({ time, machine, latencyMs, accept: upstream.accept(addressOf()) });
      const mine = open.get(terms.id) ?? new Set();
      open.set(terms.id, mine.add(socket));
      socket.once('close', () => mine.delete(socket));
      settleConnect(socket, machine, done);
    };

  return {
    sourceOf: (terms, machine) => ({
      label: terms.id,
      id: terms.id,
      many: terms.kind !== 'fixed',
      ejectable: true,
      hourlyBudget: null,
      credential: terms.credential,
      terms: NO_TERMS,
      mint: (session) => {
        serial += 1;
        const name = terms.kind === 'fixed' ? null : (session ?? `${serial}`);
        const id = name === null ? terms.id : `${terms.id}-${name}`;
        const addressOf = () => {
          serial += 1;
          return terms.kind === 'rotating' ? `${id}-${serial}` : id;
        };
        return {
          id,
          label: id,
          session: name,
          kept: terms.kind === 'fixed',
          oneTunnel: terms.kind === 'rotating',
          connect: connectVia(terms, machine, addressOf),
        };
      },
    }),
    become: (id, state) => {
      states.set(id, state);
      if (state === 'well' || state === 'slow') return;
      for (const socket of [...(open.get(id) ?? [])])
        socket.destroy(Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' }));
    },
  };
}

/** Undici's answer, once: the open socket or why there is none. */
function settleConnect(socket: Duplex, machine: Machine, done: buildConnector.Callback): void {
  const cancel = machine.clock.after(CONNECT_TIMEOUT_MS, () => socket.destroy(timedOut()));
  const onError = (error: Error) => {
    cancel();
    done(
      error instanceof TunnelError
        ? error
        : new TunnelError('proxy_error', 'the proxy closed the connection'),
      null,
    );
  };
  socket.once('error', onError);
  socket.once('connect', () => {
    cancel();
    socket.off('error', onError);
    done(null, socket as never);
  });
}
