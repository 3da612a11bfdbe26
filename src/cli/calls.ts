import { parseArgs } from 'node:util';
import { openCallStore } from '../calls/open-call-store.ts';
import { readConfig } from '../config.ts';
import { systemClock } from '../domain/clock.ts';
import type { Story } from '../domain/story.ts';
import { openBackend } from '../store/open-backend.ts';
import { commandOf, wordsOf } from './arguments.ts';
import { exitCodeOf, runProgram } from './program.ts';
import { quietLog } from './quiet-log.ts';
import { tableOf } from './table.ts';

const USAGE = `Usage: npm run calls -- show ID [--json]
  What became of a call, by the request id that its answer carried.`;

const OPTIONS = {
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

/** Runs one command line; the process's exit code. */
export function main(args: readonly string[]): Promise<number> {
  return exitCodeOf(async () => {
    const { values, positionals } = parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
    if (values.help) return console.log(USAGE);
    const [name = '', ...words] = positionals;
    const show = commandOf({ show: find }, name);
    const [id = ''] = wordsOf(words, ['a request id'], 'show');
    const story = await show(id.toLowerCase());
    if (story === null) throw new Error(`nothing is known of the call ${id}, or not any more`);
    console.log(values.json ? JSON.stringify(story) : textOf(story));
  });
}

async function find(id: string): Promise<Story | null> {
  const { STORE_URL, CALLS_KEPT_DAYS } = readConfig(process.env);
  const backend = await openBackend(STORE_URL, { role: 'tool', clock: systemClock, log: quietLog });
  try {
    const text = await openCallStore(backend, CALLS_KEPT_DAYS).find(id);
    return text === null ? null : (JSON.parse(text) as Story);
  } finally {
    await backend.close();
  }
}

/** The call as one column, its attempts as a table below. */
function textOf({ attempts, ...call }: Story): string {
  const width = Math.max(...Object.keys(call).map((name) => name.length));
  const lines = Object.entries(call).map(([name, value]) => `${name.padEnd(width)}  ${value ?? '-'}`);
  const tried =
    attempts.length === 0 ? 'No attempt was made.' : tableOf(attempts.map((attempt) => ({ ...attempt })));
  return `${lines.join('\n')}\n\n${tried}`;
}

if (import.meta.main) process.exitCode = await runProgram(main);
