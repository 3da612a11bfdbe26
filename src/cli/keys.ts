import { parseArgs } from 'node:util';
import { readConfig } from '../config.ts';
import type { Account } from '../domain/account.ts';
import { limitsOf } from '../domain/account.ts';
import { systemClock } from '../domain/clock.ts';
import { isPlanName, type Limits, PLAN_NAMES } from '../domain/plan.ts';
import { createKey } from '../keys/key.ts';
import type { KeyRecord } from '../keys/records.ts';
import { openStores, type Stores } from '../open-stores.ts';
import { runProgram } from './program.ts';
import { quietLog } from './quiet-log.ts';
import { type Row, tableOf } from './table.ts';

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

/** The command was misspelt; told with the usage. */
class UsageError extends Error {}

const read = (args: readonly string[]) =>
  parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true, strict: true });
type Given = ReturnType<typeof read>['values'];

/** What a command has to say: one JSON document, and the same for a person. */
interface Said {
  readonly json: unknown;
  readonly text: string;
}

type Command = (stores: Stores, words: readonly string[], given: Given) => Promise<Said>;

const COMMANDS: Readonly<Record<string, Command>> = {
  create: async ({ registry }, _words, given) => {
    if (given.plan === undefined || given.name === undefined)
      throw new UsageError('create needs --plan and --name');
    if (!isPlanName(given.plan)) throw new UsageError(`--plan is one of ${PLAN_NAMES.join(', ')}`);
    const key = createKey(given.test ? 'test' : 'live');
    const terms = {
      name: given.name,
      plan: given.plan,
      overrides: overridesOf(given),
      expiresAtMs: dateOf(given.expires),
    };
    const account = await registry.create(terms, key, Date.now());
    return newKeySaid(key.key, key.id, account);
  },
  list: async ({ records }) => {
    const rows = keyRows(await records.keys(), await records.accounts());
    return { json: rows, text: tableOf(rows) };
  },
  show: async ({ records }, [id]) => {
    const rows = keyRows(await records.keys(), await records.accounts()).filter((row) => row.id === id);
    const [row] = rows;
    if (row === undefined) throw new Error(`no key has the ID ${id ?? ''}; see \`list\``);
    return { json: row, text: tableOf(rows) };
  },
  rotate: async ({ registry }, [id], given) => {
    if (id === undefined) throw new UsageError('rotate needs the ID of a key');
    const key = createKey('live');
    return newKeySaid(key.key, key.id, await registry.rotate(id, key, durationOf(given.overlap), Date.now()));
  },
  revoke: async ({ registry }, [id]) => {
    if (id === undefined) throw new UsageError('revoke needs the ID of a key');
    await registry.revoke(id, Date.now());
    return { json: { id, revoked: true }, text: `The key ${id} is revoked.` };
  },
  'set-plan': async ({ registry }, [account, plan]) => {
    if (account === undefined || plan === undefined)
      throw new UsageError('set-plan needs an account and a plan');
    if (!isPlanName(plan)) throw new UsageError(`the plan is one of ${PLAN_NAMES.join(', ')}`);
    return changed(await registry.change(account, 'set-plan', { plan }, Date.now()));
  },
  suspend: async ({ registry }, [account]) => {
    if (account === undefined) throw new UsageError('suspend needs an account');
    return changed(await registry.change(account, 'suspend', { suspended: true }, Date.now()));
  },
  resume: async ({ registry }, [account]) => {
    if (account === undefined) throw new UsageError('resume needs an account');
    return changed(await registry.change(account, 'resume', { suspended: false }, Date.now()));
  },
  usage: async ({ records, ledger }, [wanted], given) => {
    const accounts = new Map((await records.accounts()).map((account) => [account.id, account]));
    const rows = (await ledger.usage()).flatMap(({ accountId, period, used }) => {
      const account = accounts.get(accountId);
      if (wanted !== undefined && wanted !== accountId && wanted !== account?.name) return [];
      const quota = account === undefined ? null : limitsOf(account).callsPerMonth;
      return [{ account: account?.name ?? accountId, accountId, period, used, quota }];
    });
    return { json: rows, text: given.csv ? csvOf(rows) : tableOf(rows) };
  },
  audit: async ({ records }) => {
    const rows = (await records.audit()).map(({ atMs, ...row }) => ({ at: iso(atMs), ...row }));
    return { json: rows, text: tableOf(rows) };
  },
};

function newKeySaid(key: string, id: string, account: Account): Said {
  const json = { key, id, account: account.name, accountId: account.id, plan: account.plan };
  return {
    json,
    text: `${key}\n\nThis key (ID ${id}, account ${account.name}, plan ${account.plan}) is shown once; keep it safe.`,
  };
}

function changed(account: Account): Said {
  const { id, name, plan, suspended } = account;
  return {
    json: { account: name, accountId: id, plan, suspended },
    text: `${name}: plan ${plan}${suspended ? ', suspended' : ''}.`,
  };
}

function keyRows(keys: readonly KeyRecord[], accounts: readonly Account[]) {
  return keys.map((key) => {
    const account = accounts.find(({ id }) => id === key.accountId);
    return {
      id: key.id,
      account: account?.name ?? key.accountId,
      plan: account?.plan ?? '',
      state: stateOf(key, account),
      created: iso(key.createdAtMs),
      ends: key.endsAtMs === null ? null : iso(key.endsAtMs),
    };
  });
}

function stateOf({ endsAtMs }: KeyRecord, account: Account | undefined): string {
  if (endsAtMs !== null && endsAtMs <= Date.now()) return 'revoked';
  if (account?.suspended) return 'suspended';
  if (account?.expiresAtMs != null && account.expiresAtMs <= Date.now()) return 'expired';
  return endsAtMs === null ? 'active' : 'rotated';
}

const iso = (ms: number) => new Date(ms).toISOString();

function overridesOf(given: Given): Partial<Limits> {
  const callsPerMonth = numberOf(given['calls-per-month'], '--calls-per-month', 1_000_000_000);
  const callsPerSecond = numberOf(given['calls-per-second'], '--calls-per-second', 1_000_000);
  return {
    ...(callsPerMonth === undefined ? {} : { callsPerMonth }),
    ...(callsPerSecond === undefined ? {} : { callsPerSecond }),
  };
}

function numberOf(text: string | undefined, option: string, max: number): number | undefined {
  if (text === undefined) return undefined;
  if (!/^[1-9]\d*$/.test(text) || Number(text) > max)
    throw new UsageError(`${option} is a whole number from 1 to ${max}`);
  return Number(text);
}

function dateOf(text: string | undefined): number | null {
  if (text === undefined) return null;
  const ms = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(ms)) throw new UsageError('--expires is a date: 2027-01-31 or 2027-01-31T12:00:00Z');
  return ms;
}

function durationOf(text: string): number {
  const match = /^(\d{1,6})(s|m|h|d)$/.exec(text);
  const unit = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }[match?.[2] ?? ''];
  if (match === null || unit === undefined)
    throw new UsageError('--overlap is a duration: 90s, 30m, 24h or 7d');
  return Number(match[1]) * unit;
}

function csvOf(rows: readonly Row[]): string {
  const names = ['account', 'accountId', 'period', 'used', 'quota'];
  const cell = (value: unknown) => {
    const text = String(value ?? '');
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  return [names.join(','), ...rows.map((row) => names.map((name) => cell(row[name])).join(','))].join('\n');
}

/** Runs one command line; the process's exit code. */
export async function main(args: readonly string[]): Promise<number> {
  try {
    const { values, positionals } = read(args);
    const [name = '', ...words] = positionals;
    const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
    if (values.help) {
      console.log(USAGE);
      return 0;
    }
    if (command === undefined)
      throw new UsageError(name === '' ? 'a command is needed' : `there is no command ${name}`);
    const stores = await openStores(readConfig(process.env).STORE_URL, {
      role: 'tool',
      clock: systemClock,
      log: quietLog,
    });
    try {
      const said = await command(stores, words, values);
      console.log(values.json ? JSON.stringify(said.json) : said.text);
    } finally {
      await stores.close();
    }
    return 0;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const misspelt = error instanceof UsageError || (error instanceof TypeError && 'code' in error);
    console.error(misspelt ? `${message}\n${USAGE}` : message);
    return misspelt ? 2 : 1;
  }
}

if (import.meta.main) process.exitCode = await runProgram(main);
