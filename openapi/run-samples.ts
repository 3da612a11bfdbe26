import { execFile } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { table } from '../src/endpoints/table.ts';
import { codeSamplesOf, SAMPLE_HOST, SAMPLE_KEY } from './code-samples.ts';

const exec = promisify(execFile);

interface Language {
  readonly file: string;
  readonly command: readonly string[];
  /** Compiling takes seconds, so that one endpoint has to stand for all. */
  readonly once?: boolean;
  wrap?(source: string): string;
}

/** Those whose toolchain a developer's machine is likely to have. */
const LANGUAGES: Readonly<Record<string, Language>> = {
  Shell: { file: 'sample.sh', command: ['sh'] },
  TypeScript: { file: 'sample.mts', command: [process.execPath] },
  Python: {
    file: 'sample.py',
    command: ['python3'],
    wrap: (source) => source.replace('HTTPSConnection', 'HTTPConnection'),
  },
  Go: { file: 'main.go', command: ['go', 'run'], once: true },
  Java: {
    file: 'Main.java',
    command: ['java'],
    once: true,
    wrap: (source) =>
      `import java.net.http.*;\npublic class Main { public static void main(String[] a) throws Exception {\n${source}\n} }\n`,
  },
};

/** Runs the samples against a gateway at `origin`. Rejects with what one of them printed instead of a success. */
export async function runSamples(origin: string, key: string): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'samples-'));
  const ran: Record<string, number> = {};
  for (const [at, row] of table.entries()) {
    for (const { lang, source } of codeSamplesOf(row)) {
      const language = LANGUAGES[lang];
      if (language === undefined || (language.once && at > 0)) continue;
      const output = await run(folder, language, toHost(source, origin, key));
      if (output === null) continue;
      if (!/"?success"?: ?true/.test(output)) throw new Error(`${row.operationId} in ${lang}: ${output}`);
      ran[lang] = (ran[lang] ?? 0) + 1;
    }
  }
  console.log('samples run:', ran);
}

const toHost = (source: string, origin: string, key: string) =>
  source
    .replaceAll(SAMPLE_HOST, origin)
    .replaceAll(`"${new URL(SAMPLE_HOST).host}"`, `"${new URL(origin).host}"`)
    .replaceAll(SAMPLE_KEY, key);

/** What it printed; null where the machine does not have the toolchain. */
async function run(
  folder: string,
  { file, command, wrap }: Language,
  source: string,
): Promise<string | null> {
  const [program = '', ...args] = command;
  writeFileSync(join(folder, file), wrap?.(source) ?? source);
  try {
    const { stdout } = await exec(program, [...args, file], { cwd: folder, timeout: 90_000, maxBuffer: 1e7 });
    return stdout;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
