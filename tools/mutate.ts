import { spawnSync } from 'node:child_process';
import { globSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/**
 * `npm run mutate [-- FILE …] [-- --force]`, or `-- --changed` for what the newest commit changed: breaks the policy
 * files (the list `mutate` of `stryker.config.json`) by machine, one change at a time, and sees whether a policy test
 * dies of it. Prints a score a file and every mutant that lived; ends with 1 when a file is below the bar.
 */
const BAR = 90;
const root = join(import.meta.dirname, '..');
const settings = JSON.parse(readFileSync(join(root, 'stryker.config.json'), 'utf8')) as {
  readonly mutate: readonly string[];
  readonly jsonReporter: { readonly fileName: string };
};
const report = join(root, settings.jsonReporter.fileName);

interface Mutant {
  readonly status: string;
  readonly mutatorName: string;
  readonly replacement?: string;
  readonly location: { readonly start: { readonly line: number; readonly column: number } };
}

interface Score {
  readonly file: string;
  readonly killed: number;
  readonly lived: readonly Mutant[];
  readonly percent: number;
}

/** Patterns of the list that name no file: a policy that was moved would else go untested without a word. */
export function lostPatterns(patterns: readonly string[], folder: string): readonly string[] {
  return patterns.filter(
    (pattern) => !pattern.startsWith('!') && globSync(pattern, { cwd: folder }).length === 0,
  );
}

/** Of `changed`, what the patterns of the list name. */
export function policiesAmong(
  changed: readonly string[],
  patterns: readonly string[],
  folder: string,
): readonly string[] {
  const excluded = patterns.filter((pattern) => pattern.startsWith('!')).map((pattern) => pattern.slice(1));
  const named = new Set(
    globSync(
      patterns.filter((pattern) => !pattern.startsWith('!')),
      { cwd: folder },
    ),
  );
  for (const file of globSync(excluded, { cwd: folder })) named.delete(file);
  return changed.filter((file) => named.has(file));
}

/** What the newest commit changed; all of it where there is none before. */
function changedFiles(): readonly string[] {
  const { stdout } = spawnSync('git', ['show', '--name-only', '--format=', 'HEAD'], {
    cwd: root,
    encoding: 'utf8',
  });
  return stdout.split('\n').filter(Boolean);
}

/** What became of the mutants of one file; those that no test could ever tell apart (`Ignored`) do not count. */
export function scoreOf(file: string, mutants: readonly Mutant[]): Score {
  const killed = mutants.filter(({ status }) => status === 'Killed' || status === 'Timeout').length;
  const lived = mutants.filter(({ status }) => status === 'Survived' || status === 'NoCoverage');
  const all = killed + lived.length;
  return { file, killed, lived, percent: all === 0 ? 100 : (100 * killed) / all };
}

function readScores(): readonly Score[] {
  const { files } = JSON.parse(readFileSync(report, 'utf8')) as {
    files: Readonly<Record<string, { readonly mutants: readonly Mutant[] }>>;
  };
  return Object.entries(files).map(([file, { mutants }]) => scoreOf(file, mutants));
}

function print(scores: readonly Score[]): void {
  for (const { file, lived } of scores) {
    for (const { location, mutatorName, replacement, status } of lived) {
      const place = `${file}:${location.start.line}:${location.start.column}`;
      console.log(
        `${place} ${status} ${mutatorName} → ${(replacement ?? '').replaceAll(/\s+/g, ' ').slice(0, 90)}`,
      );
    }
  }
  console.table(
    scores.map(({ file, killed, lived, percent }) => ({
      file,
      killed,
      lived: lived.length,
      score: `${percent.toFixed(1)} %${percent < BAR ? ' ✗' : ''}`,
    })),
  );
}

/** Runs Stryker and judges its report; the exit code. */
function mutate(given: readonly string[]): number {
  const lost = lostPatterns(settings.mutate, root);
  if (lost.length > 0) {
    console.error(`stryker.config.json names what is not there: ${lost.join(', ')}`);
    return 1;
  }
  const isChanged = given.includes('--changed');
  const files = isChanged
    ? policiesAmong(changedFiles(), settings.mutate, root)
    : given.filter((word) => !word.startsWith('-'));
  if (isChanged && files.length === 0) {
    console.log('the newest commit changed no policy file');
    return 0;
  }
  const flags = [
    ...given.filter((word) => word.startsWith('-') && word !== '--changed'),
    ...(files.length > 0 ? ['--mutate', files.join()] : []),
  ];
  rmSync(report, { force: true });
  const { status } = spawnSync(
    process.execPath,
    [join(root, 'node_modules/@stryker-mutator/core/bin/stryker.js'), 'run', ...flags],
    {
      cwd: root,
      stdio: 'inherit',
    },
  );
  if (status !== 0) return status ?? 1;
  const scores = readScores().filter(({ file }) => files.length === 0 || files.includes(file));
  print(scores);
  return scores.length > 0 && scores.every(({ percent }) => percent >= BAR) ? 0 : 1;
}

if (import.meta.main) process.exitCode = mutate(process.argv.slice(2));
