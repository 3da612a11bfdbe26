import { createAdmission } from '../../../src/admission.ts';
import { createBytesInFlight } from '../../../src/domain/bytes-in-flight.ts';
import { joinedTelemetry } from '../../../src/domain/telemetry.ts';
import { drain } from '../../../src/drain.ts';
import { type Bitbucket, createBitbucket } from '../../../src/egress/bitbucket.ts';
import type { Source } from '../../../src/egress/sources/source.ts';
import { createRooms } from '../../../src/house.ts';
import { createAddressCounter } from '../../../src/limits/address-counter.ts';
import { createLogLines } from '../../../src/log-lines.ts';
import { openStores, type Stores } from '../../../src/open-stores.ts';
import { createTell } from '../../../src/stories.ts';
import { createDoor, type Door } from './door.ts';
import { createGates } from './gates.ts';
import type { Machine } from './machine.ts';
import type { Time } from './time.ts';

export const UPSTREAM_URL = 'https://api.bitbucket.org/2.0';

export interface GatewayOptions {
  readonly time: Time;
  readonly machine: Machine;
  readonly storeUrl: string;
  readonly sources: readonly Source[];
  readonly hourlyBudget: number;
  readonly hourlyCeiling: number | null;
  readonly deadlineMs: number;
  readonly maxBytesInFlight: number;
  readonly random: () => number;
  /** Everything that is logged, as text. */
  readonly log: (line: string) => void;
}

/** A gateway of the fleet: the real rooms, put together as `gateway.ts` and `house.ts` do, without sockets. */
export interface SimulatedGateway {
  readonly door: Door;
  readonly machine: Machine;
  readonly stores: Stores;
  readonly upstream: Bitbucket;
  /** As SIGTERM: settles when it has ended. */
  stop(): Promise<void>;
  /** As SIGKILL: nothing of it goes on; what the kernel closes is closed. */
  kill(): void;
  /** What is held in memory for answers. */
  bytesHeld(): number;
  /** Calls that have a place. */
  underWay(): number;
}

export async function startGateway(options: GatewayOptions): Promise<SimulatedGateway> {
  const { machine, deadlineMs } = options;
  const { clock } = machine;
  const log = createLog(options.log);
  const stores = await openStores(options.storeUrl, { role: 'gateway', clock, log });
  const telemetry = joinedTelemetry([createLogLines(log)]);
  const upstream = createBitbucket({
    upstreamUrl: UPSTREAM_URL,
    sources: options.sources,
    sessions: 3,
    sessionLifetimeMs: 60_000,
    hourlyBudget: options.hourlyBudget,
    hourlyCeiling: options.hourlyCeiling,
    random: options.random,
    budgets: stores.budgets,
    telemetry,
    clock,
    log,
  });
  const admission = createAdmission();
  const memory = createBytesInFlight(options.maxBytesInFlight);
  const gates = createGates(stores.meter, createAddressCounter(clock, 60_000));
  const parts = { ...stores, upstream, upstreamUrl: UPSTREAM_URL, deadlineMs, clock, log };
  const rooms = createRooms(parts, { admission, gates, memory });
  const door = createDoor({ rooms, machine, tell: createTell(telemetry, clock) });
  await upstream.ready();
  return {
    door,
    machine,
    stores,
    upstream,
    bytesHeld: memory.held,
    underWay: admission.underWay,
    stop: async () => {
      const { answers } = door;
      await drain({ admission, answers, clock, delayMs: 0, drainMs: 20_000, deadlineMs });
      door.close();
      await upstream.close();
      await stores.close();
    },
    kill: () => {
      machine.kill();
      door.cut();
      upstream.close().catch(() => {});
      // The kernel closes what a process had open; no statement runs any more.
      if (stores.backend.kind === 'redis') {
        stores.backend.link.close();
        stores.backend.client.disconnect();
      } else stores.backend.close().catch(() => {});
    },
  };
}

/** Everything that is said, as one text a line. */
function createLog(write: (line: string) => void) {
  const at = (level: string) => (fields: object, message: string) =>
    write(`${level} ${message} ${JSON.stringify(fields, plainErrors)}`);
  return { debug: () => {}, info: at('info'), warn: at('warn'), error: at('error') };
}

const plainErrors = (_name: string, value: unknown) =>
  value instanceof Error
    ? `${value.name}: ${value.message} ${value.cause === undefined ? '' : String(value.cause)}`
    : value;
