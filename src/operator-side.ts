import { createAccountsDesk } from './accounts-desk.ts';
import { createDashboard } from './admin/dashboard/dashboard.ts';
import { createDoor } from './admin/door.ts';
import { createMetrics } from './admin/metrics/metrics.ts';
import { createTracing } from './admin/tracing.ts';
import { createCalls } from './calls/calls.ts';
import { openCallStore } from './calls/open-call-store.ts';
import { type Config, ConfigError, SETTINGS } from './config.ts';
import { createBatchedTelemetry } from './domain/batched-telemetry.ts';
import type { Clock } from './domain/clock.ts';
import type { Log } from './domain/log.ts';
import type { InsideView, LogLevel, Operator } from './domain/operator.ts';
import type { PulseLine } from './domain/pulse.ts';
import { joinedTelemetry, silentTelemetry, type Telemetry } from './domain/telemetry.ts';
import type { SourceTerms } from './domain/traffic.ts';
import { EVERYONE, EXITS, type UsageRow } from './domain/usage.ts';
import { createExitsDesk, type ExitsDeskParts } from './exits-desk.ts';
import { randomText } from './keys/key.ts';
import { createLogLines } from './log-lines.ts';
import type { Stores } from './open-stores.ts';
import { createCosts } from './usage/costs.ts';
import { openUsageStore } from './usage/open-usage-store.ts';
import { createTrafficBudget, type TrafficBudget } from './usage/traffic-budget.ts';
import { createUsage } from './usage/usage.ts';

export interface OperatorParts extends ExitsDeskParts {
  readonly config: Config;
  readonly stores: Pick<Stores, 'backend' | 'registry'>;
  readonly version: string;
  readonly clock: Clock;
  readonly log: Log;
  isReady(): Promise<boolean>;
  inside(): InsideView;
  setLogLevel(level: LogLevel): void;
  /** What belongs to no call; the metrics listen to it. */
  readonly pulse: PulseLine;
  /** What the entries of the list say of their traffic, by their labels. */
  sourceTerms(): ReadonlyMap<string, SourceTerms>;
}

/** All that watches calls and answers operators. */
export interface OperatorSide {
  /** Told of every call, attempt and change of an exit. */
  readonly telemetry: Telemetry;
  /** What an account used in a month, as `GET /v1/usage` tells it. */
  readUsage(account: string, month: string): Promise<readonly UsageRow[]>;
  /** What exits may carry in the month. */
  readonly traffic: TrafficBudget;
  /** Knows what was sent and answered before this start; never rejects. */
  ready(): Promise<void>;
  /** A token made for this start alone; null where one was set, and in production. */
  readonly madeToken: string | null;
  /** Opens the door; its URL, or null where its usual port is another program's. Rejects with `ConfigError`. */
  listen(): Promise<string | null>;
  /** Closes the door and keeps what was counted last. */
  close(): Promise<void>;
}

export function createOperatorSide(parts: OperatorParts): OperatorSide {
  const { config, stores, version, clock, log } = parts;
  const usage = createUsage({ store: openUsageStore(stores.backend), clock, log });
  const caughtUp =
    <Args extends unknown[], Result>(work: (...args: Args) => Result) =>
    (...args: Args): Result => {
      batched.flush();
      return work(...args);
    };
  const readUsage = caughtUp(usage.read);
  const traffic = createTrafficBudget({
    limitGb: config.EGRESS_GB_PER_MONTH ?? null,
    terms: parts.sourceTerms,
    tell: caughtUp(usage.tell),
    read: (month) => readUsage(EXITS, month),
    stopSources: (sources) => parts.exits().stopSources(sources),
    clock,
    log,
  });
  const prices = { pricePerGb: config.PRICE_PER_GB ?? null, terms: parts.sourceTerms };
  const costs = createCosts({ prices, traffic, read: readUsage, clock });
  const calls = createCalls({ store: openCallStore(stores.backend, config.CALLS_KEPT_DAYS), clock, log });
  const operator: Operator = {
    accounts: createAccountsDesk(stores.registry, clock),
    exits: createExitsDesk(parts),
    usage: { read: (account, month) => readUsage(account ?? EVERYONE, month) },
    calls: { find: caughtUp(calls.find) },
    costs,
    isReady: parts.isReady,
    inside: parts.inside,
    setLogLevel: caughtUp(parts.setLogLevel),
  };
  const metrics = createMetrics(operator, version, costs.month().cost !== null, () => batched.flush());
  parts.pulse.listen(metrics.pulse);
  const dashboard = createDashboard({ operator, terms: trafficTermsOf(config), clock });
  const madeToken = madeTokenFor(config);
  const token = config.ADMIN_TOKEN ?? madeToken;
  const door = createDoor({ operator, metrics, dashboard, version, token, clock, log });
  const listeners = [metrics, usage, calls, dashboard].map(({ telemetry }) => whole(telemetry));
  const batched = createBatchedTelemetry([createLogLines(log), ...listeners, whole(createTracing())], clock);
  return {
    // What exits may carry is known to the last byte.
    telemetry: joinedTelemetry([batched.telemetry, whole(traffic.telemetry)]),
    readUsage,
    traffic,
    ready: async () => void (await Promise.all([traffic.ready(), costs.ready()])),
    madeToken,
    listen: () => listen(door, config, log),
    close: async () => {
      await door.close();
      traffic.close();
      costs.close();
      batched.flush();
      await Promise.all([usage.close(), calls.close()]);
    },
  };
}

const whole = (listener: Partial<Telemetry>): Telemetry => ({ ...silentTelemetry, ...listener });

const trafficTermsOf = (config: Config) => ({
  gbPerMonth: config.EGRESS_GB_PER_MONTH ?? null,
  hourlyCeiling: config.UPSTREAM_HOURLY_CEILING ?? null,
});

/** Outside production the door has a token in any case: who develops wants to look through it. */
const madeTokenFor = ({ ADMIN_TOKEN, NODE_ENV }: Config) =>
  ADMIN_TOKEN === undefined && NODE_ENV !== 'production' ? randomText(32) : null;

/** A second gateway on one machine still serves callers; a place that was asked for must be had. */
async function listen(door: ReturnType<typeof createDoor>, config: Config, log: Log): Promise<string | null> {
  const { ADMIN_HOST: host, ADMIN_PORT: port } = config;
  try {
    return await door.listen({ host, port });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EADDRINUSE' && port === Number(SETTINGS.ADMIN_PORT.fallback)) {
      log.error({ port }, "the operator's door is not open: another program has ADMIN_PORT");
      return null;
    }
    if (code === 'EADDRINUSE')
      throw new ConfigError(`ADMIN_PORT ${port} is taken: another program listens there`);
    throw new ConfigError(`ADMIN_HOST and ADMIN_PORT cannot be listened on (${code})`);
  }
}
