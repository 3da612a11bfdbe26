import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { readConfig } from '../config.ts';
import { systemClock } from '../domain/clock.ts';
import { openStores, type Stores } from '../open-stores.ts';
import { StoreError } from '../store/store-error.ts';
import { runProgram } from './program.ts';
import { quietLog } from './quiet-log.ts';

const USAGE = `Usage: npm run store -- COMMAND
  check                          whether the store of STORE_URL can be used
  backup FILE                    a copy of a running SQLite store
  copy --from URL --to URL       accounts, keys, usage and audit into an empty store`;

const OPTIONS = {
  from: { type: 'string' },
  to: { type: 'string' },
  help: { type: 'boolean', default: false },
} as const;

const open = (url: string) => openStores(url, { role: 'tool', clock: systemClock, log: quietLog });

async function using<Result>(url: string, work: (stores: Stores) => Promise<Result>): Promise<Result> {
  const stores = await open(url);
  try {
    return await work(stores);
  } finally {
    await stores.close();
  }
}

/** Everything a subscriber has, in the middle of a month too. Stop the gateways of the old store first. */
async function copy(from: Stores, to: Stores): Promise<string> {
  if ((await to.records.accounts()).length > 0) throw new StoreError('the store to copy into is not empty');
  const [accounts, keys, audit, usage] = await Promise.all([
    from.records.accounts(),
    from.records.keys(),
    from.records.audit(),
    from.ledger.usage(),
  ]);
  await to.records.write({ accounts, keys, audit });
  await to.ledger.write(usage);
  return `Copied ${accounts.length} accounts, ${keys.length} keys, ${usage.length} months of usage and ${audit.length} audit rows.`;
}

/** Runs one command line; the process's exit code. */
export async function main(args: readonly string[]): Promise<number> {
  try {
    const { values, positionals } = parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
    const [command, file] = positionals;
    const { STORE_URL } = readConfig(process.env);
    if (values.help) console.log(USAGE);
    else if (command === 'check') {
      await using(STORE_URL, (stores) => stores.check());
      console.log('The store can be used.');
    } else if (command === 'backup' && file !== undefined) {
      if (existsSync(file)) throw new StoreError('the file exists already');
      await using(STORE_URL, (stores) => stores.backup(file));
      console.log(`Written to ${file}.`);
    } else if (command === 'copy' && values.from !== undefined && values.to !== undefined) {
      const { to } = values;
      console.log(await using(values.from, (source) => using(to, (target) => copy(source, target))));
    } else throw new TypeError(command === undefined ? 'a command is needed' : 'the command is misspelt');
    return 0;
  } catch (error) {
    const misspelt = error instanceof TypeError;
    const message = error instanceof Error ? error.message : String(error);
    console.error(misspelt ? `${message}\n${USAGE}` : message);
    return misspelt ? 2 : 1;
  }
}

if (import.meta.main) process.exitCode = await runProgram(main);
