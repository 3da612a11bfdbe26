import { type Config, ConfigError, readConfig } from './config.ts';
import { ExitListError } from './egress/list/exit-list-error.ts';
import { loadEnvFile } from './env-file.ts';
import { type Gateway, startGateway } from './gateway.ts';
import { createLog } from './log.ts';
import { StoreError } from './store/store-error.ts';

/** The environment, the signals and the terminal; everything else is built by `gateway.ts`. */
async function main(): Promise<void> {
  loadEnvFile();
  const config = readConfig(process.env);
  const starting = startGateway(config, createLog(config));
  handleSignals(starting);
  const gateway = await starting;
  // For a parent that waits for it; a shell is none.
  process.send?.({ url: gateway.url });
  greet(config, gateway);
}

/**
 * SIGHUP reads the exits again and never ends anything; SIGTERM and SIGINT bring the gateway to rest, once: a second
 * one changes nothing, since what is still under way is bounded and unsettled calls would be lost.
 */
function handleSignals(starting: Promise<Gateway>): void {
  let stopping = false;
  process.on('SIGHUP', () => {
    if (!stopping) starting.then((gateway) => gateway.rereadExits(), fail);
  });
  const stop = () => {
    if (stopping) return;
    stopping = true;
    starting.then((gateway) => gateway.close()).then(() => process.exit(0), fail);
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
}

/** A short screen for people: what it listens on, what is shown only now, and one line to try it with. */
function greet({ NODE_ENV }: Config, { url, developmentKey, door }: Gateway): void {
  if (NODE_ENV === 'production') return;
  const key = developmentKey ?? '$KEY';
  const lines = [
    `Bitbucket gateway: ${url}/bitbucket-api (docs at /bitbucket-api/docs)`,
    ...(door.url === null ? [] : [`The operator's door: ${door.url}`]),
    ...(door.url === null || door.madeToken === null
      ? []
      : [`Its token until the next start, shown only now:\n\n  ${door.madeToken}`]),
    ...(developmentKey === null ? [] : ['A development key was made, shown only now:']),
    `  curl -H "x-oanor-key: ${key}" "${url}/bitbucket-api/v1/repo?repo=atlassian%2Fatlassian-event"`,
  ];
  console.error(`\n${lines.join('\n\n')}\n`);
}

/** One line where the operator can mend it, a stack where we have to. */
function fail(error: unknown): never {
  const expected =
    error instanceof ConfigError ||
    error instanceof ExitListError ||
    error instanceof StoreError ||
    (error instanceof Error && 'code' in error);
  console.error(expected ? error.message : error);
  process.exit(1);
}

await main().catch(fail);
