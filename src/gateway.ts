import type { AddressInfo } from 'node:net';
import packageJson from '../package.json' with { type: 'json' };
import type { Config } from './config.ts';
import { systemClock } from './domain/clock.ts';
import type { Log } from './domain/log.ts';
import { joined } from './domain/telemetry.ts';
import { createBitbucket } from './egress/bitbucket.ts';
import { readSources } from './egress/list/read.ts';
import { createSourceTools } from './egress/sources/tools.ts';
import { createHouse, type House } from './house.ts';
import { createDevelopmentKey } from './keys/development-key.ts';
import { createLogLines } from './log-lines.ts';
import { openStores, type Stores } from './open-stores.ts';
import { createOperatorSide, type OperatorSide } from './operator-side.ts';
import { createStories } from './stories.ts';

/** How long calls under way may take to end after SIGTERM, ms; containers are killed after 10 s by default. */
const DRAIN_MS = 9_000;

/** A gateway that takes calls. */
export interface Gateway {
  /** Where callers come in. */
  readonly url: string;
  /** Reads the list of exits again; a list that cannot be used leaves the old one in place. */
  rereadExits(): Promise<void>;
  close(): Promise<void>;
}

/** Starts the real thing. Rejects with an error whose message is one line that names what is wrong. */
export async function startGateway(config: Config, log: Log & { level: string }): Promise<Gateway> {
  const tools = createSourceTools(systemClock);
  const readExits = () => readSources({ urls: config.PROXY_URLS, file: config.PROXY_FILE }, tools);
  const sources = await readExits();
  const stores = await openStores(config.STORE_URL, { role: 'gateway', clock: systemClock, log });
  warnAbout(config, sources.length, log);
  const reread = async () => {
    const list = await readExits();
    upstream.replaceExits(list);
    log.info({ exits: list.length }, 'the list of exits was read again');
    return list.length;
  };
  const side = createOperatorSide({
    config,
    stores,
    version: packageJson.version,
    clock: systemClock,
    log,
    exits: () => upstream,
    reread,
    isReady: () => house.isReady(),
    setLogLevel: (level) => {
      log.level = level;
    },
  });
  const stories = createStories(joined([createLogLines(log), side.telemetry]), systemClock);
  const upstream = createBitbucket({
    upstreamUrl: config.UPSTREAM_URL,
    sources,
    sessions: config.PROXY_SESSIONS,
    sessionLifetimeMs: config.PROXY_SESSION_LIFETIME_S * 1_000,
    hourlyBudget: config.EXIT_HOURLY_BUDGET,
    hourlyCeiling: config.UPSTREAM_HOURLY_CEILING ?? null,
    random: Math.random,
    budgets: stores.budgets,
    telemetry: stories.telemetry,
    clock: systemClock,
    log,
  });
  const house = await createHouse({
    ...stores,
    stories,
    upstream,
    upstreamUrl: config.UPSTREAM_URL,
    publicUrl: config.PUBLIC_URL ?? '',
    deadlineMs: config.CALL_DEADLINE_MS,
    maxBytesInFlight: config.MAX_BYTES_IN_FLIGHT,
    version: packageJson.version,
    trustProxy: config.TRUST_PROXY ?? [],
    clock: systemClock,
    log,
    ready: () => stores.check().then(() => true),
  });
  await upstream.ready();
  if (config.NODE_ENV !== 'production') await offerDevelopmentKey(stores, config.PORT);
  await house.server.listen({ host: config.HOST, port: config.PORT });
  const url = urlOf(house);
  const door = await side.listen();
  log.info({ url, door, exits: sources.length }, 'listening');
  offerToken(side, door);

  const rereadExits = async () => {
    await reread().catch((error) =>
      log.error({ cause: messageOf(error) }, 'the new list of exits was refused; the old one stays'),
    );
  };
  return {
    url,
    rereadExits,
    close: async () => {
      house.drain();
      await Promise.race([house.server.close(), new Promise((done) => setTimeout(done, DRAIN_MS).unref())]);
      await side.close();
      await upstream.close();
      await stores.close();
    },
  };
}

function warnAbout(config: Config, exits: number, log: Log): void {
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

function urlOf({ server }: House): string {
  const { port } = server.server.address() as AddressInfo;
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

/** Shown to the terminal once, outside the log. */
function offerToken({ madeToken }: OperatorSide, door: string | null): void {
  if (madeToken === null || door === null) return;
  console.error(
    `\nThe operator's door is at ${door}, its token until the next start is:\n\n  ${madeToken}\n`,
  );
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));
