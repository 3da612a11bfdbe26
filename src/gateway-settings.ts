import type { Config } from './config.ts';
import type { Log } from './domain/log.ts';

/** What the way to Bitbucket is told. */
export const exitSettingsOf = (config: Config) => ({
  upstreamUrl: config.UPSTREAM_URL,
  sessions: config.PROXY_SESSIONS,
  sessionLifetimeMs: config.PROXY_SESSION_LIFETIME_S * 1_000,
  hourlyBudget: config.EXIT_HOURLY_BUDGET,
  hourlyCeiling: config.UPSTREAM_HOURLY_CEILING ?? null,
});

/** What the house is told. */
export const houseSettingsOf = (config: Config) => ({
  upstreamUrl: config.UPSTREAM_URL,
  publicUrl: config.PUBLIC_URL ?? '',
  allowedOrigins: config.ALLOWED_ORIGINS ?? [],
  deadlineMs: config.CALL_DEADLINE_MS,
  maxBytesInFlight: config.MAX_BYTES_IN_FLIGHT,
  trustProxy: config.TRUST_PROXY ?? [],
  connectionsPerAddress: config.CONNECTIONS_PER_ADDRESS,
  delayMs: config.DRAIN_DELAY_MS,
  drainMs: config.DRAIN_MS,
});

/** Tells the operator of settings that work and are seldom meant. */
export function warnAbout(config: Config, exits: number, log: Log): void {
  if (config.PROXY_URLS === undefined && config.PROXY_FILE === undefined) {
    log.warn({ exits }, 'no proxies are set: every call leaves from this address, 60 an hour');
  }
  if (config.EXIT_HOURLY_BUDGET > 60) {
    log.warn(
      { budget: config.EXIT_HOURLY_BUDGET },
      'Bitbucket grants an address 60 calls an hour; the budget is above that',
    );
  }
}
