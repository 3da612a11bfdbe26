import { setDefaultCACertificates } from 'node:tls';
import type { FastifyInstance, LightMyRequestResponse } from 'fastify';
import { type Clock, systemClock } from '../src/domain/clock.ts';
import type { Log } from '../src/domain/log.ts';
import type { Limits, PlanName } from '../src/domain/plan.ts';
import { joinedTelemetry, type Telemetry } from '../src/domain/telemetry.ts';
import { type Bitbucket, type BitbucketOptions, createBitbucket } from '../src/egress/bitbucket.ts';
import { createHouse, type House } from '../src/house.ts';
import type { ServerPatience } from '../src/http/server.ts';
import { createKey } from '../src/keys/key.ts';
import { createLogLines } from '../src/log-lines.ts';
import { MCP_PATH } from '../src/mcp/mcp.ts';
import { openStores, type Stores } from '../src/open-stores.ts';
import { createTell } from '../src/stories.ts';
import { openUsageStore } from '../src/usage/open-usage-store.ts';
import { createUsage } from '../src/usage/usage.ts';
import { createCertificate } from './bitbucket/certificate.ts';
import { createStandIn, type StandIn } from './bitbucket/stand-in.ts';
import { exitsOf } from './exits.ts';

/** One for all stand-ins of a process: trusting another would distrust those already running. */
const certificate = createCertificate();

/** A clock that a test moves by hand. Real time goes on underneath, so that time-outs still work. */
export interface TestClock extends Clock {
  /** Moves both clocks ahead. */
  pass(ms: number): void;
  /** Sets the calendar alone. */
  set(iso: string): void;
}

export function createTestClock(iso?: string): TestClock {
  let aheadMs = 0;
  let calendarMs = iso === undefined ? 0 : Date.parse(iso) - Date.now();
  return {
    now: () => Date.now() + calendarMs + aheadMs,
    monotonic: () => performance.now() + aheadMs,
    after: systemClock.after,
    pass: (ms) => {
      aheadMs += ms;
    },
    set: (text) => {
      calendarMs = Date.parse(text) - Date.now() - aheadMs;
    },
  };
}

export interface LogLine {
  readonly level: string;
  readonly text: string;
}

export interface Gateway {
  readonly app: House;
  readonly server: FastifyInstance;
  readonly standIn: StandIn;
  readonly stores: Stores;
  readonly upstream: Bitbucket;
  readonly clock: TestClock;
  readonly log: LogLine[];
  readonly key: string;
  /** Another key; its own account unless named. */
  newKey(terms?: {
    name?: string;
    plan?: PlanName;
    overrides?: Partial<Limits>;
    expiresAtMs?: number;
  }): Promise<string>;
  /** `GET /bitbucket-api…` with the key. */
  get(path: string, key?: string): Promise<Answer>;
  /** `POST /bitbucket-api/mcp` with the key, as agents do: one message of JSON-RPC, or any text. */
  postMcp(
    payload: object | string,
    headers?: Readonly<Record<string, string>>,
  ): Promise<LightMyRequestResponse>;
  close(): Promise<void>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  readonly body: Envelope;
}

export interface Envelope {
  // biome-ignore lint/suspicious/noExplicitAny: what an answer holds is for the test to judge
  readonly data: any;
  readonly meta: {
    readonly timestamp: string;
    readonly request_id: string;
    readonly code?: string;
    readonly docs?: string;
    readonly details?: readonly { readonly parameter: string; readonly message: string }[];
  };
  readonly status: string;
  readonly message: string;
  readonly success: boolean;
}

export interface GatewayOptions {
  readonly hourlyBudget?: number;
  readonly deadlineMs?: number;
  readonly maxBytesInFlight?: number;
  readonly drainMs?: number;
  readonly connectionsPerAddress?: number;
  readonly trustProxy?: readonly string[];
  readonly patience?: Partial<ServerPatience>;
  readonly publicUrl?: string;
  readonly allowedOrigins?: readonly string[];
  readonly clock?: TestClock;
  readonly egress?: Partial<BitbucketOptions>;
  /** Told of every call and attempt, beside the log. */
  readonly listeners?: readonly Telemetry[];
}

/** The real app over a stand-in of Bitbucket, with a key of the largest plan. */
export async function createGateway(options: GatewayOptions = {}): Promise<Gateway> {
  const standIn = await createStandIn({ hourlyBudget: options.hourlyBudget ?? 1_000_000, certificate });
  setDefaultCACertificates([certificate.cert]);
  const clock = options.clock ?? createTestClock();
  const log: LogLine[] = [];
  const write = (level: string) => (fields: object, message: string) => {
    log.push({ level, text: `${message} ${JSON.stringify(fields)}` });
  };
  const logger: Log = {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
  };
  const stores = await openStores('sqlite::memory:', { role: 'tool', clock, log: logger });
  const usage = createUsage({ store: openUsageStore(stores.backend), clock, log: logger });
  const counted = { exitChanged: () => {}, ...usage.telemetry };
  const heard = joinedTelemetry([createLogLines(logger), counted, ...(options.listeners ?? [])]);
  const upstream = createBitbucket({
    upstreamUrl: standIn.url,
    sources: exitsOf('direct'),
    sessions: 4,
    sessionLifetimeMs: 540_000,
    hourlyBudget: 1_000_000,
    hourlyCeiling: null,
    random: Math.random,
    budgets: stores.budgets,
    clock,
    log: logger,
    telemetry: heard,
    ...options.egress,
  });
  const app = await createHouse({
    ...stores,
    tell: createTell(heard, clock),
    upstream,
    readUsage: usage.read,
    upstreamUrl: standIn.url,
    publicUrl: options.publicUrl ?? '',
    allowedOrigins: options.allowedOrigins ?? [],
    deadlineMs: options.deadlineMs ?? 5_000,
    maxBytesInFlight: options.maxBytesInFlight ?? 1 << 27,
    version: '1.0.0',
    trustProxy: options.trustProxy ?? [],
    connectionsPerAddress: options.connectionsPerAddress ?? 4_096,
    delayMs: 0,
    drainMs: options.drainMs ?? 5_000,
    ...(options.patience === undefined ? {} : { patience: options.patience }),
    clock,
    log: logger,
    ready: async () => true,
  });
  let accounts = 0;
  const newKey: Gateway['newKey'] = async (terms = {}) => {
    accounts += 1;
    const key = createKey('test');
    const { name = `account-${accounts}`, plan = 'mega', overrides = {}, expiresAtMs = null } = terms;
    await stores.registry.create({ name, plan, overrides, expiresAtMs }, key, clock.now());
    return key.key;
  };
  const key = await newKey({ overrides: { callsPerSecond: 1_000_000 } });
  const { server } = app;
  return {
    app,
    server,
    standIn,
    stores,
    upstream,
    clock,
    log,
    key,
    newKey,
    postMcp: (payload, headers) =>
      server.inject({
        method: 'POST',
        url: MCP_PATH,
        headers: {
          'x-oanor-key': key,
          'content-type': 'application/json',
          accept: 'application/json, text/event-stream',
          ...headers,
        },
        payload,
      }),
    get: (path, withKey = key) => inject(server, `/bitbucket-api${path}`, { 'x-oanor-key': withKey }),
    close: async () => {
      await server.close();
      await upstream.close();
      await usage.close();
      await stores.close();
      await standIn.close();
    },
  };
}

export async function inject(
  server: FastifyInstance,
  url: string,
  headers: Record<string, string> = {},
  method: 'GET' | 'HEAD' | 'POST' | 'OPTIONS' | 'DELETE' = 'GET',
): Promise<Answer> {
  const response = await server.inject({ method, url, headers });
  const text = response.body;
  return {
    status: response.statusCode,
    headers: response.headers as Record<string, string>,
    text,
    body: (text === '' ? null : JSON.parse(text)) as Envelope,
  };
}
