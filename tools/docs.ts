import { globSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SETTINGS, type Setting } from '../src/config.ts';
import { codeOf, FAILURE_NAMES, FAILURES } from '../src/domain/failure.ts';
import { PLANS } from '../src/domain/plan.ts';
import { table } from '../src/endpoints/table.ts';

/**
 * `npm run docs`: writes the tables of the README, the list of decisions and `.env.example` from what the code
 * says; with `--check`, ends with
 * 1 where a page says something else.
 */
const root = join(import.meta.dirname, '..');

const cells = (...columns: readonly string[]) =>
  `| ${columns.map((text) => text.replaceAll('|', '\\|')).join(' | ')} |`;
const tableOf = (head: readonly string[], rows: readonly (readonly string[])[]) =>
  [cells(...head), `|${head.map(() => '---').join('|')}|`, ...rows.map((row) => cells(...row))].join('\n');
const code = (text: string) => `\`${text}\``;

function endpoints(): string {
  const rows = table.map(({ path, operationId, input, summary }) => {
    const names = Object.keys(input.shape).filter((name) => name !== 'pretty');
    return [code(path), code(operationId), summary, names.map(code).join(', ')];
  });
  return tableOf(['path (after `/bitbucket-api`)', 'operation', 'what', 'parameters'], rows);
}

function failures(): string {
  const rows = FAILURE_NAMES.map((name) => {
    const { status, advice, charged } = FAILURES[name];
    return [String(status), code(codeOf(name)), advice, charged ? 'yes' : 'no'];
  });
  return tableOf(['status', '`meta.code`', 'what to do', 'costs a call'], rows);
}

const settings = () =>
  tableOf(
    ['variable', 'default', 'meaning'],
    entries().map(([name, { fallback, meaning }]) => [
      code(name),
      fallback === null ? 'none' : code(fallback),
      meaning,
    ]),
  );

const plans = () =>
  tableOf(
    ['plan', 'calls a month', 'calls a second'],
    Object.entries(PLANS).map(([name, { callsPerMonth, callsPerSecond }]) => [
      name,
      callsPerMonth.toLocaleString('en'),
      String(callsPerSecond),
    ]),
  );

const DECISIONS = 'docs/decisions';

/** Each decision by its own title. Throws where a file has none. */
function decisions(): string {
  const files = globSync('[0-9]*.md', { cwd: join(root, DECISIONS) }).sort();
  const lines = files.map((file) => {
    const title = /^# (\d+\. .+)\n/.exec(read(`${DECISIONS}/${file}`))?.[1];
    if (title === undefined) throw new Error(`${file} has no title`);
    return `- [${title}](${file})`;
  });
  return lines.join('\n');
}

/** The ratios of the last run of `npm run bench`, and the machine they are true of. */
function figures(): string {
  const { at, machine, versions, rounds, goals, beside } = JSON.parse(read('bench/results.json')) as Results;
  const rows = [...goals, ...beside].map((goal) =>
    SIZES.map((size) => goal[size] ?? '').toSpliced(0, 0, goal.what ?? ''),
  );
  const where = `${machine.cpu}, ${machine.cores} cores, Linux ${machine.linux}, Node ${versions.node}`;
  return [
    tableOf(['CPU per request, ratio within a round', ...SIZES], rows),
    `\nMedians of ${rounds} interleaved rounds, nine of ten between, beside the goal, where there is one. ${where}; ${at.slice(0, 10)}.`,
  ].join('\n');
}

const SIZES = ['2 KB', '64 KB', '1 MB'];

interface Results {
  readonly at: string;
  readonly machine: { readonly cpu: string; readonly cores: number; readonly linux: string };
  readonly versions: Readonly<Record<string, string>>;
  readonly rounds: number;
  readonly goals: readonly Readonly<Record<string, string>>[];
  readonly beside: readonly Readonly<Record<string, string>>[];
}

const entries = (): [string, Setting][] => Object.entries(SETTINGS);

/** Tables between `<!-- name -->` and `<!-- /name -->`. */
const TABLES: Readonly<Record<string, () => string>> = {
  endpoints,
  failures,
  settings,
  plans,
  decisions,
  figures,
};

/** `text` with each of its tables as the code has it. Throws where a mark has no table behind it. */
export function withTables(text: string): string {
  return text.replace(/<!-- (\w+) -->\n[\s\S]*?<!-- \/\1 -->/g, (_, name: string) => {
    const write = TABLES[name];
    if (write === undefined) throw new Error(`there is no table ${name}`);
    return `<!-- ${name} -->\n${write()}\n<!-- /${name} -->`;
  });
}

/** Every setting with its meaning; what stands there is the default, what has none is commented out. */
export function environmentFile(): string {
  const lines = entries().map(([name, { fallback, meaning }]) => {
    const line = fallback === null ? `# ${name}=` : `${name}=${fallback}`;
    const sentence = meaning.replaceAll('`', '');
    return `# ${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}.\n${line}`;
  });
  return `# Copy to .env; every line is optional. What stands here are the defaults.\n\n${lines.join('\n\n')}\n`;
}

const read = (file: string) => readFileSync(join(root, file), 'utf8');

/** Each page that is written from code, as it should be. */
function pages(): readonly { readonly file: string; readonly text: string }[] {
  return [
    { file: 'README.md', text: withTables(read('README.md')) },
    { file: `${DECISIONS}/README.md`, text: withTables(read(`${DECISIONS}/README.md`)) },
    { file: 'bench/README.md', text: withTables(read('bench/README.md')) },
    { file: '.env.example', text: environmentFile() },
  ];
}

function main(check: boolean): number {
  const drifted = pages().filter(({ file, text }) => read(file) !== text);
  if (!check) for (const { file, text } of drifted) writeFileSync(join(root, file), text);
  else for (const { file } of drifted) console.error(`${file} does not say what the code says: npm run docs`);
  return check ? drifted.length : 0;
}

if (import.meta.main) process.exitCode = main(process.argv.includes('--check')) === 0 ? 0 : 1;
