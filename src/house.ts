import { type Admission, createAdmission, drainingFailure } from './admission.ts';
import { type BytesInFlight, createBytesInFlight } from './domain/bytes-in-flight.ts';
import type { Clock } from './domain/clock.ts';
import type { Log } from './domain/log.ts';
import type { Upstream } from './domain/upstream.ts';
import { drain } from './drain.ts';
import { createReaders } from './endpoints/reader.ts';
import { BASE_PATH, table } from './endpoints/table.ts';
import { serveRows, type Tell } from './http/door.ts';
import { serveHealth } from './http/health.ts';
import { failureOf } from './http/known-errors.ts';
import { serveMcp } from './http/mcp-route.ts';
import { createNothingHere } from './http/nothing-here.ts';
import { servePages } from './http/pages.ts';
import { servePreflight } from './http/preflight.ts';
import { type RateGates, registerRateLimit } from './http/rate-limit.ts';
import { createServer, type DoorServer, type ServerPatience } from './http/server.ts';
import { type ReadUsage, serveUsage } from './http/usage-route.ts';
import { createAuthenticate } from './keys/authenticate.ts';
import type { KeyStore } from './keys/key-store.ts';
import type { Meter } from './limits/meter.ts';
import { createQuotaWarnings, type QuotaReached } from './limits/quota-warnings.ts';
import { reserveRoom } from './reserve-room.ts';
import type { Rooms } from './way/call.ts';

/** What a gateway is made of. */
export interface Parts {
  readonly keys: KeyStore;
  readonly meter: Meter;
  readonly upstream: Upstream;
  /** Told of every call. */
  readonly tell: Tell;
  /** What accounts used, for themselves. */
  readonly readUsage: ReadUsage;
  /** The upstream's base; its host is believed beside api.bitbucket.org. */
  readonly upstreamUrl: string;
  /** What callers see before `/bitbucket-api`; empty for links from the root. */
  readonly publicUrl: string;
  /** Origins that may use MCP from a browser, beside `publicUrl`'s. */
  readonly allowedOrigins: readonly string[];
  readonly deadlineMs: number;
  /** Memory for answers, over all calls. */
  readonly maxBytesInFlight: number;
  /** The gateway's own, as the description tells it. */
  readonly version: string;
  /** After `drain`: how long calls are still taken, ms. */
  readonly delayMs: number;
  /** How long begun answers may go on then, ms. */
  readonly drainMs: number;
  /** Addresses of load balancers whose `x-forwarded-for` is believed. */
  readonly trustProxy: readonly string[];
  readonly connectionsPerAddress: number;
  readonly patience?: Partial<ServerPatience>;
  /** Told when an account comes to 80, 90 and 100 % of its month. */
  readonly quotaReached?: (news: QuotaReached) => void;
  readonly clock: Clock;
  readonly log: Log;
  /** Whether calls should be sent here. */
  ready(): Promise<boolean>;
}

/** The rooms put together, and not listening yet. */
export interface House {
  readonly server: DoorServer['server'];
  /** Whether calls should be sent here; never rejects. */
  isReady(): Promise<boolean>;
  /** Brings it to rest: new calls are told to go elsewhere, those under way end as they would. Once, however often asked. */
  drain(): Promise<void>;
  /** What answers take in memory now. */
  bytesInFlight(): number;
  /** Calls whose answers are not gone yet. */
  callsUnderWay(): number;
}

/** Builds the world and hands it in. */
export async function createHouse(parts: Parts): Promise<House> {
  const { publicUrl, version } = parts;
  const admission = createAdmission();
  const { server, answers } = createServer(parts);
  const gates = await registerRateLimit(server, parts);
  const memory = createBytesInFlight(parts.maxBytesInFlight);
  const rooms = createRooms(parts, { admission, gates, memory });

  const door = serveRows(server, { ...parts, rooms });
  servePages(server, { table, base: publicUrl + BASE_PATH, version });
  serveMcp(server, { ...parts, rooms });
  serveUsage(server, rooms, parts.readUsage);
  servePreflight(server, door);
  const isReady = async () => admission.phase === 'open' && (await parts.ready().catch(() => false));
  serveHealth(server, isReady);

  let draining: Promise<void> | undefined;
  return {
    server,
    isReady,
    bytesInFlight: memory.held,
    callsUnderWay: admission.underWay,
    drain: () => {
      draining ??= drain({ ...parts, admission, answers });
      return draining;
    },
  };
}

interface Built {
  readonly admission: Admission;
  readonly gates: RateGates;
  readonly memory: BytesInFlight;
}

/** What the way needs of the parts. */
export type RoomParts = Pick<
  Parts,
  'keys' | 'meter' | 'upstream' | 'upstreamUrl' | 'deadlineMs' | 'clock' | 'log' | 'quotaReached'
>;

/** The way's own view of the house, whoever stands at the door. */
export function createRooms(parts: RoomParts, { admission, gates, memory }: Built): Rooms {
  const { clock, log, meter, deadlineMs } = parts;
  const warnOfQuota = createQuotaWarnings(log, parts.quotaReached);
  return {
    clock,
    deadlineMs,
    enter: admission.enter,
    nothingAt: createNothingHere(),
    ...gates,
    identify: createAuthenticate(parts),
    reserveRoom: (accountId, deadlineAtMs, hangUp) =>
      reserveRoom({ memory, clock, accountId, deadlineAtMs, hangUp }),
    meter,
    noteQuota: (account, { quota, atMs }) => warnOfQuota(account, quota, atMs),
    readerFor: createReaders(parts),
    retold: (failure) =>
      failure.code === 'upstream_timeout' && admission.phase === 'draining' ? drainingFailure() : failure,
    failureOf,
  };
}
