import packageJson from '../package.json' with { type: 'json' };
import type { Config } from './config.ts';
import { systemClock } from './domain/clock.ts';
import type { Log } from './domain/log.ts';
import { createPulseLine, type PulseLine } from './domain/pulse.ts';
import { type Bitbucket, createBitbucket } from './egress/bitbucket.ts';
import { readSources } from './egress/list/read.ts';
import type { Source } from './egress/sources/source.ts';
import { createSourceTools } from './egress/sources/tools.ts';
import { exitSettingsOf, houseSettingsOf, warnAbout } from './gateway-settings.ts';
import type { createHouse, House } from './house.ts';
import { createDevelopmentKey } from './keys/development-key.ts';
import { listen } from './listen.ts';
import { oneAtATime } from './one-at-a-time.ts';
import { openStores, type Stores } from './open-stores.ts';
import { createOperatorSide, type OperatorSide } from './operator-side.ts';
import { createListTerms } from './source-terms.ts';
import { createTell } from './stories.ts';
import { createWebhooks, type Webhooks } from './webhooks-side.ts';

/** A gateway that takes calls. */
export interface Gateway {
  /** Where callers come in. */
  readonly url: string;
  /** Made where there was no key at all outside production; shown by who started it, once. */
  readonly developmentKey: string | null;
  /** The operator's door, and its token where that was made for this start alone. */
  readonly door: { readonly url: string | null; readonly madeToken: string | null };
  /** Reads the list of exits again; a list that cannot be used leaves the old one in place. */
  rereadExits(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Starts the real thing, its rooms put together by `build`. Rejects with an error whose message is one line that names
 * what is wrong.
 */
export async function startGateway(
  config: Config,
  log: Log & { level: string },
  build: typeof createHouse,
): Promise<Gateway> {
  const pulse = createPulseLine();
  const tools = createSourceTools(systemClock, { pulse });
  const readExits = () => readSources({ urls: config.PROXY_URLS, file: config.PROXY_FILE }, tools);
  const sources = await readExits();
  const stores = await openStores(config.STORE_URL, { role: 'gateway', clock: systemClock, log, pulse });
  warnAbout(config, sources.length, log);
  const world = await buildWorld({ config, log, pulse, stores, sources, readExits, build });
  const { house, side, upstream, webhooks } = world;
  await Promise.all([upstream.ready(), side.ready(), webhooks.ready()]);
  const url = await listen(house, config);
  const door = await side.listen();
  log.info({ url, door, exits: sources.length }, 'listening');
  const developmentKey =
    config.NODE_ENV === 'production' ? null : await createDevelopmentKey(stores, Date.now());
  return {
    url,
    developmentKey,
    door: { url: door, madeToken: side.madeToken },
    rereadExits: async () => {
      await world
        .reread()
        .catch((error) =>
          log.error({ cause: messageOf(error) }, 'the new list of exits was refused; the old one stays'),
        );
    },
    close: async () => {
      log.info({}, 'closing');
      await house.drain();
      await house.server.close();
      await webhooks.close();
      await side.close();
      await upstream.close();
      await stores.close();
      log.info({}, 'closed');
    },
  };
}

interface Ground {
  readonly config: Config;
  readonly log: Log & { level: string };
  readonly pulse: PulseLine;
  readonly stores: Stores;
  /** The exits at the start. */
  readonly sources: readonly Source[];
  /** Rejects with `ExitListError`. */
  readExits(): Promise<readonly Source[]>;
  readonly build: typeof createHouse;
}

interface World {
  readonly house: House;
  readonly side: OperatorSide;
  readonly upstream: Bitbucket;
  readonly webhooks: Webhooks;
  /** Takes the list of exits over as it is now; how many it has. Rejects with `ExitListError`: the old one stays. */
  reread(): Promise<number>;
}

/** The rooms, each handed what it needs. The operator's side is first, since it hears of all the others do. */
async function buildWorld(ground: Ground): Promise<World> {
  const { config, log, pulse, stores, sources, readExits, build } = ground;
  const clock = systemClock;
  const { version } = packageJson;
  const terms = createListTerms(sources);
  const reread = oneAtATime(async () => {
    const list = await readExits();
    upstream.replaceExits(list);
    terms.replace(list);
    log.info({ exits: list.length }, 'the list of exits was read again');
    return list.length;
  });
  const webhooks = createWebhooks({ config, stores, clock, log, pulse, random: Math.random });
  const side = createOperatorSide({
    config,
    stores,
    version,
    clock,
    log,
    exits: () => upstream,
    reread,
    pulse,
    sourceTerms: terms.read,
    isReady: () => house.isReady(),
    inside: () => ({
      callsUnderWay: house.callsUnderWay(),
      bytesInFlight: house.bytesInFlight(),
      monthTrafficBytes: side.traffic.monthBytes(),
      storeServersAway: stores.backend.serversAway(),
      webhooksPending: webhooks.backlog().pending,
      webhooksOldestMs: webhooks.backlog().oldestMs,
    }),
    setLogLevel: (level) => {
      log.level = level;
    },
  });
  const { telemetry } = side;
  const upstream = createBitbucket({
    ...exitSettingsOf(config),
    sources,
    random: Math.random,
    budgets: stores.budgets,
    telemetry,
    clock,
    log,
  });
  const house = await build({
    ...stores,
    ...houseSettingsOf(config),
    tell: createTell(telemetry, clock),
    upstream: side.traffic.bound(upstream),
    readUsage: side.readUsage,
    quotaReached: webhooks.quotaReached,
    version,
    clock,
    log,
    ready: () => stores.check().then(() => true),
  });
  return { house, side, upstream, webhooks, reread };
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));
