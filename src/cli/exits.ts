import { get as httpGet, type RequestOptions } from 'node:http';
import { get as httpsGet } from 'node:https';
import type { Socket } from 'node:net';
import { parseArgs } from 'node:util';
import { type Config, readConfig } from '../config.ts';
import { type Clock, systemClock } from '../domain/clock.ts';
import type { BudgetStore } from '../egress/exits/budget-store.ts';
import { readSources } from '../egress/list/read.ts';
import type { Minted } from '../egress/sources/source.ts';
import { createSourceTools } from '../egress/sources/tools.ts';
import { openStores } from '../open-stores.ts';
import { commandOf, UsageError, wholeNumberOf, wordsOf } from './arguments.ts';
import { exitCodeOf, runProgram } from './program.ts';
import { quietLog } from './quiet-log.ts';
import { tableOf } from './table.ts';

const USAGE = `Usage: npm run exits -- check [--echo URL] [--timeout SECONDS] [--json]
  Opens a tunnel and TLS to the upstream through each exit; costs none of its budget.
  --echo URL   also asks URL, through each exit, for the address it leaves from: by another
               client than the gateway's where there is one, as a second opinion`;

const OPTIONS = {
  echo: { type: 'string' },
  timeout: { type: 'string', default: '10' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

/** Tunnels opened side by side. */
const AT_ONCE = 32;

interface Checked {
  readonly exit: string;
  readonly reachable: boolean;
  /** Why not, in the words that the gateway logs; null when it is. */
  readonly why: string | null;
  /** Of tunnel and TLS together. */
  readonly latencyMs: number | null;
  readonly address: string | null;
  /** Calls left in the running hour; null for exits that a restart renews. */
  readonly left: number | null;
}

/** One exit tried as the gateway opens it. CONNECT and TLS alone, so nothing is asked of Bitbucket. */
async function check(
  exit: Minted,
  upstream: URL,
  echo: URL | null,
  clock: Clock,
): Promise<Omit<Checked, 'left'>> {
  const startedAtMs = clock.monotonic();
  try {
    (await open(exit, upstream)).destroy();
    const latencyMs = Math.round(clock.monotonic() - startedAtMs);
    const address = echo === null ? null : await ownAddress(exit, echo).catch(() => null);
    return { exit: exit.label, reachable: true, why: null, latencyMs, address };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { exit: exit.label, reachable: false, why, latencyMs: null, address: null };
  }
}

function open({ connect }: Minted, { hostname, port, protocol, host }: URL): Promise<Socket> {
  return new Promise((resolve, reject) => {
    connect({ hostname, host, port, protocol }, (error: Error | null, socket: Socket | null) => {
      if (socket === null) reject(error);
      else resolve(socket);
    });
  });
}

const ECHO_TIMEOUT_MS = 10_000;

/** By the second client where there is one, else over `connect`. */
function ownAddress({ connect, secondClient }: Minted, echo: URL): Promise<string | null> {
  const get = echo.protocol === 'https:' ? httpsGet : httpGet;
  const { hostname, host, port, protocol } = echo;
  const createConnection: NonNullable<RequestOptions['createConnection']> = (_options, done) => {
    connect({ hostname, host, port, protocol }, done as Parameters<typeof connect>[1]);
    return undefined;
  };
  const way = secondClient === undefined ? { createConnection } : { agent: secondClient() };
  return new Promise((resolve, reject) => {
    get(echo, { ...way, signal: AbortSignal.timeout(ECHO_TIMEOUT_MS) }, (response) =>
      addressIn(response).then(resolve, reject),
    ).once('error', reject);
  });
}

async function addressIn(body: AsyncIterable<Buffer>): Promise<string | null> {
  let text = '';
  for await (const chunk of body) text = (text + chunk.toString()).slice(0, 10_000);
  return /[\da-f]{0,4}(?::[\da-f]{0,4}){2,7}|\d{1,3}(?:\.\d{1,3}){3}/i.exec(text)?.[0] ?? null;
}

/** What each exit's hour has left; null where a restart renews it. */
async function leftOf(budgets: BudgetStore, exits: readonly Minted[], limits: readonly number[]) {
  const spendings = await budgets.load(exits.filter((exit) => exit.kept).map(({ id }) => id));
  return exits.map(({ id, kept }, i): number | null => {
    if (!kept) return null;
    const { calls = 0, restMs = 0 } = spendings.get(id) ?? {};
    return restMs > 0 ? 0 : Math.max(0, (limits[i] ?? 0) - calls);
  });
}

async function report(config: Config, echo: URL | null, timeoutMs: number): Promise<Checked[]> {
  const tools = createSourceTools(systemClock, { connectTimeoutMs: timeoutMs });
  const sources = await readSources({ urls: config.PROXY_URLS, file: config.PROXY_FILE }, tools);
  const exits = sources.map((source) => source.mint());
  const limits = sources.map((source) => source.hourlyBudget ?? config.EXIT_HOURLY_BUDGET);
  const upstream = new URL(config.UPSTREAM_URL);
  const checks = await eachOf(exits, (exit) => check(exit, upstream, echo, systemClock));
  const stores = await openStores(config.STORE_URL, { role: 'tool', clock: systemClock, log: quietLog });
  try {
    const left = await leftOf(stores.budgets, exits, limits);
    return checks.map((checked, i) => ({ ...checked, left: left[i] ?? null }));
  } finally {
    await stores.close();
  }
}

/** `work` on every item, at most `AT_ONCE` side by side; results in the items' order. */
async function eachOf<Item, Result>(items: readonly Item[], work: (item: Item) => Promise<Result>) {
  const results: Result[] = [];
  let next = 0;
  const worker = async () => {
    for (let i = next; i < items.length; i = next) {
      next += 1;
      results[i] = await work(items[i] as Item);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return results;
}

/** Runs one command line; the process's exit code: 0 when every exit is reachable. */
export function main(args: readonly string[]): Promise<number> {
  return exitCodeOf(async () => {
    const { values, positionals } = parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
    if (values.help) {
      console.log(USAGE);
      return 0;
    }
    const [name = '', ...words] = positionals;
    const command = commandOf({ check: report }, name);
    wordsOf(words, [], 'check');
    const rows = await command(readConfig(process.env), echoOf(values.echo), timeoutMsOf(values.timeout));
    console.log(values.json ? JSON.stringify(rows) : tableOf(rows.map((row) => ({ ...row }))));
    return rows.every(({ reachable }) => reachable) ? 0 : 1;
  });
}

function echoOf(text: string | undefined): URL | null {
  const url = text === undefined ? null : URL.parse(text);
  if (text !== undefined && url === null) throw new UsageError('--echo is a URL');
  return url;
}

const timeoutMsOf = (text: string) => (wholeNumberOf(text, '--timeout', 999) ?? 0) * 1_000;

if (import.meta.main) process.exit(await runProgram(main));
