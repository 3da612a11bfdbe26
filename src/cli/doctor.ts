import { type Config, readConfig } from '../config.ts';
import { systemClock } from '../domain/clock.ts';
import { readSources } from '../egress/list/read.ts';
import { createSourceTools } from '../egress/sources/tools.ts';
import { openBackend } from '../store/open-backend.ts';
import { exitCodeOf, runProgram } from './program.ts';
import { quietLog } from './quiet-log.ts';
import { tableOf } from './table.ts';

/** What was found, and what to do about it. */
interface Finding {
  readonly check: string;
  readonly is: 'ok' | 'WRONG' | 'note';
  readonly says: string;
}

type Check = (config: Config) => Promise<Omit<Finding, 'check'>>;

/** Bitbucket's clock and ours differ by the time an answer takes and by whole seconds; more is ours to mend. */
const MAX_CLOCK_MS = 5_000;
const REACH_MS = 10_000;

const ok = (says: string) => ({ is: 'ok', says }) as const;
const note = (says: string) => ({ is: 'note', says }) as const;
const wrong = (says: string) => ({ is: 'WRONG', says }) as const;

const CHECKS: Readonly<Record<string, Check>> = {
  store: async ({ STORE_URL }) => {
    const backend = await openBackend(STORE_URL, { role: 'tool', clock: systemClock, log: quietLog });
    await backend.check().finally(() => backend.close());
    return ok('can be read and written');
  },
  exits: async ({ PROXY_URLS, PROXY_FILE }) => {
    const sources = await readSources({ urls: PROXY_URLS, file: PROXY_FILE }, createSourceTools(systemClock));
    if (PROXY_URLS === undefined && PROXY_FILE === undefined)
      return note(
        'none are set: all calls leave from this address, 60 an hour; set PROXY_URLS or PROXY_FILE',
      );
    return ok(`${sources.length} in the list; npm run exits -- check asks each of them`);
  },
  upstream: async ({ UPSTREAM_URL }) => {
    const response = await fetch(UPSTREAM_URL, {
      method: 'HEAD',
      redirect: 'manual',
      signal: AbortSignal.timeout(REACH_MS),
    });
    const date = Date.parse(response.headers.get('date') ?? '');
    const aheadMs = Date.now() - date;
    if (Number.isNaN(date)) return note('answers, without telling the time');
    if (Math.abs(aheadMs) > MAX_CLOCK_MS)
      return wrong(`the clock of this machine is off by ${Math.round(aheadMs / 1_000)} s: let it follow NTP`);
    return ok('answers from this address, and the clocks agree');
  },
  door: async ({ ADMIN_TOKEN, ADMIN_HOST, NODE_ENV }) => {
    if (ADMIN_TOKEN !== undefined) return ok('has a token');
    if (NODE_ENV !== 'production') return note('a token is made at each start; set ADMIN_TOKEN to keep one');
    if (['127.0.0.1', '::1', 'localhost'].includes(ADMIN_HOST))
      return note('metrics and health alone; set ADMIN_TOKEN for the rest');
    return note(`whoever reaches ${ADMIN_HOST} reads the metrics; set ADMIN_TOKEN`);
  },
};

/** Runs all checks, whatever each of them comes to; the process's exit code is 1 where something is wrong. */
export async function main(): Promise<number> {
  let findings: Finding[] = [];
  const code = await exitCodeOf(async () => {
    const config = readConfig(process.env);
    const entries = Object.entries(CHECKS);
    const found = await Promise.all(entries.map(async ([, check]) => check(config).catch(saidOf)));
    findings = entries.map(([name], index) => ({ check: name, ...(found[index] ?? wrong('was not asked')) }));
    console.log(
      tableOf([{ check: 'settings', ...ok('can be used') }, ...findings].map((finding) => ({ ...finding }))),
    );
  });
  return findings.some(({ is }) => is === 'WRONG') ? 1 : code;
}

/** An error in one line: its own words, and the code of what was behind it. */
function saidOf(error: unknown): Omit<Finding, 'check'> {
  const cause = error instanceof Error ? (error.cause as NodeJS.ErrnoException | undefined) : undefined;
  const words = error instanceof Error ? error.message : String(error);
  return wrong(cause?.code === undefined ? words : `${words} (${cause.code})`);
}

if (import.meta.main) process.exitCode = await runProgram(main);
