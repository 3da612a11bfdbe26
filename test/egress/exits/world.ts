import type { buildConnector } from 'undici';
import type { Log } from '../../../src/domain/log.ts';
import { type ExitChanged, silentTelemetry } from '../../../src/domain/telemetry.ts';
import { NO_TERMS } from '../../../src/domain/traffic.ts';
import type { BudgetStore } from '../../../src/egress/exits/budget-store.ts';
import { createMemoryBudgetStore } from '../../../src/egress/exits/budget-store-memory.ts';
import { createPool, type PoolOptions } from '../../../src/egress/exits/pool.ts';
import type { AttemptEnd, Pool, Reservation } from '../../../src/egress/exits/port.ts';
import type { Fault } from '../../../src/egress/fault.ts';
import type { Source } from '../../../src/egress/sources/source.ts';
import { createVirtualClock, type VirtualClock } from '../../virtual-clock.ts';

export const HOUR_MS = 3_600_000;

/** Numbers in [0, 1) that look random and are the same each time. */
export function createRandom(seed = 1): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return state / 2 ** 31;
  };
}

export interface FakeSource extends Source {
  /** What tunnels meet from now on; null: they open. */
  fault: Fault | null;
  /** Tunnels that were opened for their own sake. */
  probes: number;
}

/** An entry of the list whose tunnels do what the test says. */
export function fakeSource(id: string, own: Partial<Source> & { fault?: Fault | null } = {}): FakeSource {
  let serial = 0;
  const source: FakeSource = {
    id,
    label: id,
    many: false,
    ejectable: true,
    hourlyBudget: null,
    credential: null,
    terms: NO_TERMS,
    fault: null,
    probes: 0,
    mint: (session) => {
      serial += 1;
      const name = source.many ? (session ?? `s${serial}`) : null;
      return {
        id: name === null ? id : `${id}-${name}`,
        label: name === null ? id : `${id}#${name}`,
        session: name,
        kept: !source.many,
        oneTunnel: false,
        connect: ((_options: unknown, done: buildConnector.Callback) => {
          source.probes += 1;
          if (source.fault === null) done(null, { destroy: () => {} } as never);
          else done(Object.assign(new Error(source.fault.words), source.fault), null);
        }) as buildConnector.connector,
      };
    },
    ...own,
  };
  return source;
}

export const REFUSED: Fault = { verdict: 'refused', words: 'the proxy refused the connection' };
export const LOCKED: Fault = { verdict: 'credentials', words: 'the proxy refused the credentials (407)' };
export const SILENT: Fault = { verdict: 'timeout', words: 'timed out' };

export interface World {
  readonly pool: Pool;
  readonly clock: VirtualClock;
  readonly budgets: BudgetStore;
  readonly changes: ExitChanged[];
  readonly log: { readonly level: string; readonly message: string; readonly fields: object }[];
  reserve(accountId?: string, weight?: number): Promise<Reservation>;
}

export interface WorldOptions extends Partial<Omit<PoolOptions, 'clock' | 'log' | 'telemetry'>> {
  readonly clock?: VirtualClock;
  readonly budgets?: BudgetStore;
}

/** A pool in a world without sockets. */
export function createWorld(sources: readonly Source[], options: WorldOptions = {}): World {
  const clock = options.clock ?? createVirtualClock();
  const changes: ExitChanged[] = [];
  const lines: { level: string; message: string; fields: object }[] = [];
  const write = (level: string) => (fields: object, message: string) =>
    void lines.push({ level, message, fields });
  const log: Log = { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
  const budgets = options.budgets ?? createMemoryBudgetStore(clock);
  const pool = createPool({
    origin: 'https://api.bitbucket.org',
    sources,
    sessions: 4,
    sessionLifetimeMs: 540_000,
    hourlyBudget: 60,
    hourlyCeiling: null,
    budgets,
    random: createRandom(),
    ...options,
    clock,
    log,
    telemetry: { ...silentTelemetry, exitChanged: (change) => void changes.push(change) },
  });
  const reserve: World['reserve'] = (accountId = 'a', weight = 1) => pool.reserve({ accountId, weight }, []);
  return { pool, clock, budgets, changes, log: lines, reserve };
}

export const answered = (status = 200, headers: Record<string, string> = {}, latencyMs = 50): AttemptEnd => ({
  kind: 'answered',
  status,
  headers,
  latencyMs,
});
export const unsent = (fault: Fault = REFUSED): AttemptEnd => ({ kind: 'fault', fault, sent: false });
export const sent = (fault: Fault = SILENT): AttemptEnd => ({ kind: 'fault', fault, sent: true });
