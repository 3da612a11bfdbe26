import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseSync } from 'oxc-parser';

/**
 * `npm run shape`: how long functions and files of `src` are. Ends with 1, naming names, when a function is above 60
 * lines or a file above 200 that is no table or schema.
 */
const MOST_LINES = { function: 60, file: 200 } as const;

/** Lists of facts, which are read by looking up and may be as long as their subject. */
const TABLES: readonly string[] = ['endpoints/schemas.ts', 'domain/failure.ts', 'config.ts'];

interface Measured {
  /** `file:line name` or `file`. */
  readonly name: string;
  readonly lines: number;
}

interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly id?: { readonly name?: string } | null;
  readonly key?: { readonly name?: string } | null;
}

const FUNCTIONS = new Set(['FunctionDeclaration', 'FunctionExpression', 'ArrowFunctionExpression']);

/** Every function in `text` with the lines it takes, what is nested in it included. */
export function functionsIn(file: string, text: string): readonly Measured[] {
  const { program } = parseSync(file, text);
  const lineAt = (offset: number) => text.slice(0, offset).split('\n').length;
  const found: Measured[] = [];
  const walk = (node: unknown, name: string): void => {
    if (typeof node !== 'object' || node === null) return;
    if (Array.isArray(node)) {
      for (const inner of node) walk(inner, name);
      return;
    }
    const { type, start, end, id, key } = node as Node;
    const own = id?.name ?? key?.name ?? name;
    if (FUNCTIONS.has(type)) {
      const line = lineAt(start);
      found.push({ name: `${file}:${line} ${own}`, lines: lineAt(end) - line + 1 });
    }
    for (const inner of Object.values(node)) walk(inner, own);
  };
  walk(program, 'anonymous');
  return found;
}

/** The value below which `share` of them lie. */
export function quantileOf(lines: readonly number[], share: number): number {
  const sorted = lines.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
}

/** What is longer than it may be. */
export function faultsIn(functions: readonly Measured[], files: readonly Measured[]): readonly string[] {
  return [
    ...functions.filter(({ lines }) => lines > MOST_LINES.function),
    ...files.filter(({ name, lines }) => lines > MOST_LINES.file && !TABLES.includes(name)),
  ].map(({ name, lines }) => `${name} has ${lines} lines`);
}

function print(kind: string, measured: readonly Measured[]): void {
  const lines = measured.map((one) => one.lines);
  const longest = measured.toSorted((a, b) => b.lines - a.lines).slice(0, 5);
  console.log(
    `${measured.length} ${kind}: median ${quantileOf(lines, 0.5)} lines, p90 ${quantileOf(lines, 0.9)}, longest`,
  );
  for (const { name, lines } of longest) console.log(`  ${String(lines).padStart(4)}  ${name}`);
}

/** Measures `folder` and prints; the exit code. */
function shape(folder: string): number {
  const texts = globSync('**/*.{ts,js}', { cwd: folder }).map((file) => ({
    file,
    text: readFileSync(join(folder, file), 'utf8'),
  }));
  const functions = texts.flatMap(({ file, text }) => functionsIn(file, text));
  const files = texts.map(({ file, text }) => ({ name: file, lines: text.split('\n').length - 1 }));
  print('functions', functions);
  print('files', files);
  const faults = faultsIn(functions, files);
  for (const fault of faults) console.error(fault);
  return faults.length === 0 ? 0 : 1;
}

if (import.meta.main) process.exitCode = shape(join(import.meta.dirname, '../src'));
