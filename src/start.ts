import { setFlagsFromString } from 'node:v8';
import { type Config, ConfigError, readConfig } from './config.ts';
import { ExitListError } from './egress/list/exit-list-error.ts';
import { loadEnvFile } from './env-file.ts';
import { type Gateway, startGateway } from './gateway.ts';
import { createHouse } from './house.ts';
import { createLog } from './log.ts';
import { StoreError } from './store/store-error.ts';

const V8_FLAGS = [
  // Pages lie beside V8's heap. Counted by themselves, each 64 MB of them would set off a whole collection (ADR 43).
  '--external-memory-accounted-in-global-limit',
  // Every call takes the same way: what it meets is compiled for good after a few hundred calls, not thousands (ADR 46).
  '--no-maglev',
  '--invocation-count-for-turbofan=300',
  '--minimum-invocations-after-ic-update=100',
  // A call goes through many small functions, which meet objects of more than four kinds (ADR 50).
  '--max-valid-polymorphic-map-count=16',
  '--max-inlined-bytecode-size=900',
  '--max-inlined-bytecode-size-cumulative=2500',
  // Born old, what a call leaves behind would keep its neighbours until the next whole collection (ADR 49).
  '--no-allocation-site-pretenuring',
];
for (const flag of V8_FLAGS) setFlagsFromString(flag);

/** A gateway that runs as this process. */
export interface Started {
  /** Reads the list of exits again; never rejects. */
  rereadExits(): Promise<void>;
  /** Brings it to rest, and ends the process. */
  close(): Promise<never>;
}

/**
 * Starts the gateway that the environment describes, and tells the terminal. Where it cannot, the process ends.
 * `build` puts its rooms together.
 */
export async function start(build = createHouse): Promise<Started> {
  try {
    loadEnvFile();
    const config = readConfig(process.env);
    const gateway = await startGateway(config, createLog(config), build);
    // For a parent that waits for it; a shell is none.
    process.send?.({ url: gateway.url });
    greet(config, gateway);
    return {
      rereadExits: gateway.rereadExits,
      close: () => gateway.close().then(() => process.exit(0), fail),
    };
  } catch (error) {
    return fail(error);
  }
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
