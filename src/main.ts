import pino from 'pino';
import packageJson from '../package.json' with { type: 'json' };
import { type App, createApp } from './app.ts';
import { type Config, ConfigError, readConfig } from './config.ts';
import { systemClock } from './domain/clock.ts';
import { createBitbucket } from './egress/bitbucket.ts';
import { ExitListError } from './egress/list/exit-list.ts';
import { readExitList } from './egress/list/read.ts';
import { loadEnvFile } from './env-file.ts';
import { createDevelopmentKey } from './keys/development-key.ts';
import { openStores, type Stores } from './open-stores.ts';
import { StoreError } from './store/store-error.ts';

/** How long calls under way may take to end after SIGTERM, ms; containers are killed after 10 s by default. */
const DRAIN_MS = 9_000;

export interface Gateway {
  /** Where callers come in. */
  readonly url: string;
  close(): Promise<void>;
}

/** Starts the real thing from an environment. Rejects with one line that names what is wrong. */
export async function start(environment: NodeJS.ProcessEnv): Promise<Gateway> {
  const config = readConfig(environment);
  const log = pino({ level: config.LOG_LEVEL, base: null, timestamp: pino.stdTimeFunctions.isoTime });
  const exits = () => readExitList({ urls: config.PROXY_URLS, file: config.PROXY_FILE });
  const specs = await exits();

  const stores = await openStores(config.STORE_URL, { role: 'gateway', clock: systemClock, log });
  warnAbout(config, specs.length, log);
  const upstream = createBitbucket({
    upstreamUrl: config.UPSTREAM_URL,
    exits: specs,
    sessions: config.PROXY_SESSIONS,
    sessionLifetimeMs: config.PROXY_SESSION_LIFETIME_S * 1_000,
    hourlyBudget: config.EXIT_HOURLY_BUDGET,
    hourlyCeiling: config.UPSTREAM_HOURLY_CEILING ?? null,
    budgets: stores.budgets,
    clock: systemClock,
    log,
  });
  const app = await createApp({
    ...stores,
    upstream,
    upstreamUrl: config.UPSTREAM_URL,
    publicUrl: config.PUBLIC_URL ?? '',
    deadlineMs: config.CALL_DEADLINE_MS,
    version: packageJson.version,
    trustProxy: config.TRUST_PROXY ?? [],
    clock: systemClock,
    log,
    ready: () => stores.check().then(() => true),
  });
  await upstream.ready();
  if (config.NODE_ENV !== 'production') await offerDevelopmentKey(stores, config.PORT);
  await app.server.listen({ host: config.HOST, port: config.PORT });
  const url = urlOf(app);
  log.info({ url, exits: specs.length }, 'listening');

  const reread = () => {
    exits().then(
      (specs) => {
        upstream.replaceExits(specs);
        log.info({ exits: specs.length }, 'the list of exits was read again');
      },
      (error) =>
        log.error({ cause: messageOf(error) }, 'the new list of exits was refused; the old one stays'),
    );
  };
  process.on('SIGHUP', reread);

  return {
    url,
    close: async () => {
      process.off('SIGHUP', reread);
      app.drain();
      await Promise.race([app.server.close(), new Promise((done) => setTimeout(done, DRAIN_MS).unref())]);
      await upstream.close();
      await stores.close();
    },
  };
}

function warnAbout(config: Config, exits: number, log: pino.Logger): void {
  if (config.PROXY_URLS === '' && config.PROXY_FILE === undefined) {
    log.warn({ exits }, 'no proxies are set: every call leaves from this address, 60 an hour');
  }
  if (config.EXIT_HOURLY_BUDGET > 60) {
    log.warn(
      { budget: config.EXIT_HOURLY_BUDGET },
      'Bitbucket grants an address 60 calls an hour; the budget is above that',
    );
  }
}

function urlOf({ server }: App): string {
  const address = server.server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return `http://localhost:${port}`;
}

/** Shown to the terminal once, outside the log. */
async function offerDevelopmentKey(stores: Stores, port: number): Promise<void> {
  const key = await createDevelopmentKey(stores, Date.now());
  if (key === null) return;
  const url = `http://localhost:${port}/bitbucket-api/v1/repo?repo=atlassian%2Fatlassian-event`;
  console.error(
    `\nA development key was made, shown only now:\n\n  curl -H "x-oanor-key: ${key}" "${url}"\n`,
  );
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

if (import.meta.main) {
  try {
    loadEnvFile();
    const gateway = await start(process.env);
    const stop = () => {
      gateway.close().then(
        () => process.exit(0),
        (error) => {
          console.error(messageOf(error));
          process.exit(1);
        },
      );
    };
    process.once('SIGTERM', stop);
    process.once('SIGINT', stop);
  } catch (error) {
    const expected =
      error instanceof ConfigError || error instanceof ExitListError || error instanceof StoreError;
    console.error(expected || (error instanceof Error && 'code' in error) ? messageOf(error) : error);
    process.exit(1);
  }
}
