import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { readConfig } from '../config.ts';
import { systemClock } from '../domain/clock.ts';
import { openStores } from '../open-stores.ts';
import type { Role } from '../store/backend.ts';
import { openBackend } from '../store/open-backend.ts';
import { StoreError } from '../store/store-error.ts';
import { commandOf, UsageError, wordsOf } from './arguments.ts';
import { exitCodeOf, runProgram } from './program.ts';
import { quietLog } from './quiet-log.ts';
import { copyStore } from './store-copy.ts';

const USAGE = `Usage: npm run store -- COMMAND
  check                          whether the store of STORE_URL can be used
  backup FILE                    a copy of a running SQLite store
  copy --from URL --to URL       accounts, keys, usage and audit into an empty store
  migrate                        brings a store of an earlier version forward, as a start does`;

const OPTIONS = {
  from: { type: 'string' },
  to: { type: 'string' },
  help: { type: 'boolean', default: false },
} as const;

const read = (args: readonly string[]) =>
  parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
type Given = ReturnType<typeof read>['values'];

/** What a command did, for a person. */
type Command = (url: string, words: readonly string[], given: Given) => Promise<string>;

const COMMANDS: Readonly<Record<string, Command>> = {
  check: async (url, words) => {
    wordsOf(words, [], 'check');
    // Looked at first: what is written next would make a store where there is none.
    await (await openStores(url, options('look'))).close();
    await using(await openBackend(url, options('tool')), (backend) => backend.check());
    return 'The store can be used.';
  },
  backup: async (url, words) => {
    const [file = ''] = wordsOf(words, ['a file'], 'backup');
    if (existsSync(file)) throw new StoreError('the file exists already');
    // The backend alone: a store of an earlier version is worth a backup before it is brought forward.
    await using(await openBackend(url, options('look')), (backend) => backend.backup(file));
    return `Written to ${file}.`;
  },
  copy: async (_url, words, { from, to }) => {
    wordsOf(words, [], 'copy');
    if (from === undefined || to === undefined) throw new UsageError('copy needs --from and --to');
    const copied = await using(await openStores(from, options('look')), async (source) =>
      using(await openStores(to, options('tool')), (target) => copyStore(source, target)),
    );
    const { accounts, keys, usage, audit } = copied;
    return `Copied ${accounts} accounts, ${keys} keys, ${usage} months of usage and ${audit} audit rows.`;
  },
  migrate: async (url, words) => {
    wordsOf(words, [], 'migrate');
    await (await openStores(url, options('migrate'))).close();
    return 'The store is of this version.';
  },
};

const options = (role: Role) => ({ role, clock: systemClock, log: quietLog });

async function using<Opened extends { close(): Promise<void> }, Result>(
  opened: Opened,
  work: (opened: Opened) => Promise<Result>,
): Promise<Result> {
  try {
    return await work(opened);
  } finally {
    await opened.close();
  }
}

/** Runs one command line; the process's exit code. */
export function main(args: readonly string[]): Promise<number> {
  return exitCodeOf(async () => {
    const { values, positionals } = read(args);
    const [name = '', ...words] = positionals;
    if (values.help) return console.log(USAGE);
    const command = commandOf(COMMANDS, name);
    console.log(await command(readConfig(process.env).STORE_URL, words, values));
  });
}

if (import.meta.main) process.exitCode = await runProgram(main);
