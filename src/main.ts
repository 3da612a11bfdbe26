import pino from 'pino';
import { ConfigError, readConfig } from './config.ts';
import { ExitListError } from './egress/list/exit-list-error.ts';
import { loadEnvFile } from './env-file.ts';
import { startGateway } from './gateway.ts';
import { StoreError } from './store/store-error.ts';

/** The environment, the log and the signals; everything else is built by `gateway.ts`. */
async function main(): Promise<void> {
  loadEnvFile();
  const config = readConfig(process.env);
  const log = pino({ level: config.LOG_LEVEL, base: null, timestamp: pino.stdTimeFunctions.isoTime });
  const gateway = await startGateway(config, log);
  process.on('SIGHUP', () => void gateway.rereadExits());
  const stop = () => {
    gateway.close().then(() => process.exit(0), fail);
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
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
