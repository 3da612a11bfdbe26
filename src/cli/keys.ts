import { parseArgs } from 'node:util';
import { readConfig } from '../config.ts';
import { systemClock } from '../domain/clock.ts';
import { isPlanName, type Limits, PLAN_NAMES } from '../domain/plan.ts';
import { createKey } from '../keys/key.ts';
import { valuesOf } from '../keys/lists.ts';
import { MOST } from '../keys/terms.ts';
import { openStores, type Stores } from '../open-stores.ts';
import { commandOf, dateOf, durationOf, UsageError, wholeNumberOf, wordsOf } from './arguments.ts';
import { auditLineOf, keyRowOf, type Said, saidOfAccount, saidOfNewKey, saidOfRows } from './key-rows.ts';
import { exitCodeOf, runProgram } from './program.ts';
import { quietLog } from './quiet-log.ts';
import { csvOf, tableOf } from './table.ts';
import { usageRows } from './usage-rows.ts';

const USAGE = `Usage: npm run keys -- COMMAND [--json]
  create --plan ${PLAN_NAMES.join('|')} --name NAME [--calls-per-month N] [--calls-per-second N] [--expires DATE] [--test]
  list
  show ID
  rotate ID [--overlap 24h]
  revoke ID
  set-plan ACCOUNT PLAN
  suspend ACCOUNT
  resume ACCOUNT
  usage [ACCOUNT] [--csv]
  audit`;

const OPTIONS = {
  plan: { type: 'string' },
  name: { type: 'string' },
  'calls-per-month': { type: 'string' },
  'calls-per-second': { type: 'string' },
  expires: { type: 'string' },
  overlap: { type: 'string', default: '24h' },
  test: { type: 'boolean', default: false },
  csv: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

const read = (args: readonly string[]) =>
  parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true, strict: true });
type Given = ReturnType<typeof read>['values'];

type Command = (stores: Stores, words: readonly string[], given: Given) => Promise<Said>;

/** These change nothing, not even a store of an earlier version. */
const LOOKS: ReadonlySet<string> = new Set(['list', 'show', 'usage', 'audit']);

const COMMANDS: Readonly<Record<string, Command>> = {
  create: async ({ registry }, words, given) => {
    wordsOf(words, [], 'create');
    const { plan, name } = given;
    if (plan === undefined || name === undefined) throw new UsageError('create needs --plan and --name');
    if (!isPlanName(plan)) throw new UsageError(`--plan is one of ${PLAN_NAMES.join(', ')}`);
    const terms = { name, plan, overrides: overridesOf(given), expiresAtMs: dateOf(given.expires) };
    const key = createKey(given.test ? 'test' : 'live');
    return saidOfNewKey(key.key, await registry.create(terms, key, Date.now()));
  },
  list: async ({ registry }, words) => {
    wordsOf(words, [], 'list');
    const nowMs = Date.now();
    return saidOfRows(await collected(registry.keys, (owned) => keyRowOf(owned, nowMs)));
  },
  show: async ({ registry }, words) => {
    const [id = ''] = wordsOf(words, ['the ID of a key'], 'show');
    const row = keyRowOf(await registry.key(id), Date.now());
    return { json: row, text: tableOf([row]) };
  },
  rotate: async ({ registry }, words, given) => {
    const [id = ''] = wordsOf(words, ['the ID of a key'], 'rotate');
    const key = createKey('live');
    return saidOfNewKey(key.key, await registry.rotate(id, key, durationOf(given.overlap), Date.now()));
  },
  revoke: async ({ registry }, words) => {
    const [id = ''] = wordsOf(words, ['the ID of a key'], 'revoke');
    await registry.revoke(id, Date.now());
    return { json: { id, revoked: true }, text: `The key ${id} is revoked.` };
  },
  'set-plan': async ({ registry }, words) => {
    const [account = '', plan = ''] = wordsOf(words, ['an account', 'a plan'], 'set-plan');
    if (!isPlanName(plan)) throw new UsageError(`the plan is one of ${PLAN_NAMES.join(', ')}`);
    return saidOfAccount(await registry.change(account, { plan }, Date.now()));
  },
  suspend: async ({ registry }, words) => {
    const [account = ''] = wordsOf(words, ['an account'], 'suspend');
    return saidOfAccount(await registry.change(account, { suspended: true }, Date.now()));
  },
  resume: async ({ registry }, words) => {
    const [account = ''] = wordsOf(words, ['an account'], 'resume');
    return saidOfAccount(await registry.change(account, { suspended: false }, Date.now()));
  },
  usage: async (stores, words, given) => {
    if (words.length > 1) throw new UsageError('usage takes one account, or none for all of them');
    const rows = await usageRows(stores, words[0]);
    const names = ['account', 'accountId', 'period', 'used', 'quota'];
    return { json: rows, text: given.csv ? csvOf(rows, names) : tableOf(rows) };
  },
  audit: async ({ registry }, words) => {
    wordsOf(words, [], 'audit');
    return saidOfRows((await collected(registry.audit, auditLineOf)).reverse());
  },
};

function overridesOf(given: Given): Partial<Limits> {
  const callsPerMonth = wholeNumberOf(given['calls-per-month'], '--calls-per-month', MOST.callsPerMonth);
  const callsPerSecond = wholeNumberOf(given['calls-per-second'], '--calls-per-second', MOST.callsPerSecond);
  return {
    ...(callsPerMonth === undefined ? {} : { callsPerMonth }),
    ...(callsPerSecond === undefined ? {} : { callsPerSecond }),
  };
}

async function collected<Value, TableRow>(
  list: Parameters<typeof valuesOf<Value>>[0],
  rowOf: (value: Value) => TableRow,
): Promise<TableRow[]> {
  const rows: TableRow[] = [];
  for await (const value of valuesOf(list)) rows.push(rowOf(value));
  return rows;
}

/** Runs one command line; the process's exit code. */
export function main(args: readonly string[]): Promise<number> {
  return exitCodeOf(async () => {
    const { values, positionals } = read(args);
    const [name = '', ...words] = positionals;
    if (values.help) return console.log(USAGE);
    const command = commandOf(COMMANDS, name);
    const { STORE_URL } = readConfig(process.env);
    const role = LOOKS.has(name) ? 'look' : 'tool';
    const stores = await openStores(STORE_URL, { role, clock: systemClock, log: quietLog });
    try {
      const said = await command(stores, words, values);
      console.log(values.json ? JSON.stringify(said.json) : said.text);
    } finally {
      await stores.close();
    }
  });
}

if (import.meta.main) process.exitCode = await runProgram(main);
