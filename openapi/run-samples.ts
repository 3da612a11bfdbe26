import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { table } from '../src/endpoints/table.ts';
import { codeSamplesOf, LANGUAGES, SAMPLE_HOST, SAMPLE_KEY } from './code-samples.ts';

const exec = promisify(execFile);

interface Sample {
  readonly operationId: string;
  readonly source: string;
}

/** A folder of its own in which a toolchain writes files and runs programs. */
interface Bench {
  write(file: string, text: string): void;
  /** What it printed. */
  run(program: string, ...args: string[]): Promise<string>;
}

/** How a language's samples are run, each as it stands in the docs; what they printed, one after the other. */
type Toolchain = (bench: Bench, samples: readonly Sample[]) => Promise<readonly string[]>;

/** A program a sample. */
const interpreted =
  (program: string, ending: string, adapt = (source: string) => source): Toolchain =>
  async (bench, samples) => {
    const printed: string[] = [];
    for (const { operationId, source } of samples) {
      bench.write(`${operationId}.${ending}`, adapt(source));
      printed.push(await bench.run(program, `${operationId}.${ending}`));
    }
    return printed;
  };

/** All of them built at once, since it is compiling that takes its time. */
const go: Toolchain = async (bench, samples) => {
  bench.write('go.mod', 'module samples\n');
  for (const { operationId, source } of samples) bench.write(`${operationId}/main.go`, source);
  await bench.run('go', 'build', '-o', 'bin/', './...');
  return Promise.all(samples.map(({ operationId }) => bench.run(`bin/${operationId}`)));
};

/** The names of the samples as the branches of a `switch`. */
const branchesOf = (samples: readonly Sample[], branch: (name: string) => string) =>
  samples.map(({ operationId }) => branch(operationId)).join(' ');

const namesOf = (samples: readonly Sample[]) => samples.map(({ operationId }) => operationId);

/** Samples are what stands inside a method: one class has them all. */
const java: Toolchain = async (bench, samples) => {
  const methods = samples.map(
    ({ operationId, source }) => `static void ${operationId}() throws Exception {\n${source}\n}`,
  );
  bench.write(
    'Samples.java',
    `import java.net.http.*;
public class Samples {
${methods.join('\n')}
public static void main(String[] names) throws Exception {
for (var name : names) switch (name) { ${branchesOf(samples, (name) => `case "${name}" -> ${name}();`)} }
} }
`,
  );
  await bench.run('javac', 'Samples.java');
  return linesOf(await bench.run('java', 'Samples', ...namesOf(samples)));
};

const csharp: Toolchain = async (bench, samples) => {
  const methods = samples.map(
    ({ operationId, source }) => `public static async Task ${operationId}() {\n${source}\n}`,
  );
  await bench.run('dotnet', 'new', 'console');
  bench.write(
    'Program.cs',
    `foreach (var name in args) switch (name) { ${branchesOf(samples, (name) => `case "${name}": await Samples.${name}(); break;`)} }
static class Samples {
${methods.join('\n')}
}
`,
  );
  return linesOf(await bench.run('dotnet', 'run', '--', ...namesOf(samples)));
};

const linesOf = (printed: string) => printed.trimEnd().split('\n');

const TOOLCHAINS: Readonly<Record<string, Toolchain>> = {
  Shell: interpreted('sh', 'sh'),
  TypeScript: interpreted(process.execPath, 'mts'),
  Python: interpreted('python3', 'py', (source) => source.replace('HTTPSConnection', 'HTTPConnection')),
  Go: go,
  Java: java,
  'C#': csharp,
  Ruby: interpreted('ruby', 'rb', (source) => source.replace('use_ssl = true', 'use_ssl = false')),
  PHP: interpreted('php', 'php', (source) => `<?php\n${source}`),
};

/**
 * Runs every sample of every language against a gateway at `origin`, and tells how many, or that the machine has not
 * got the toolchain. Rejects with what one of them printed instead of a success.
 */
export async function runSamples(origin: string, key: string): Promise<void> {
  const ran: Record<string, number | 'absent'> = {};
  for (const { lang } of LANGUAGES) {
    const samples = table.map((row) => {
      const { source = '' } = codeSamplesOf(row).find((sample) => sample.lang === lang) ?? {};
      return { operationId: row.operationId, source: toHost(source, origin, key) };
    });
    ran[lang] = await runAll(lang, samples);
  }
  console.log('samples run:', ran);
}

async function runAll(lang: string, samples: readonly Sample[]): Promise<number | 'absent'> {
  const toolchain = TOOLCHAINS[lang];
  if (toolchain === undefined) throw new Error(`nothing runs ${lang}`);
  const printed = await toolchain(openBench(), samples).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return 'absent' as const;
    throw error;
  });
  if (printed === 'absent') return printed;
  if (printed.length !== samples.length) throw new Error(`${lang}: ${printed.length} answers`);
  for (const [at, text] of printed.entries()) {
    if (!/"?success"?: ?true/.test(text)) throw new Error(`${samples[at]?.operationId} in ${lang}: ${text}`);
  }
  return printed.length;
}

function openBench(): Bench {
  const cwd = mkdtempSync(join(tmpdir(), 'samples-'));
  return {
    write: (file, text) => {
      mkdirSync(join(cwd, dirname(file)), { recursive: true });
      writeFileSync(join(cwd, file), text);
    },
    run: async (program, ...args) => {
      const { stdout } = await exec(program.includes('/') ? resolve(cwd, program) : program, args, {
        cwd,
        timeout: 120_000,
        maxBuffer: 1e7,
      });
      return stdout;
    },
  };
}

const toHost = (source: string, origin: string, key: string) =>
  source
    .replaceAll(SAMPLE_HOST, origin)
    .replaceAll(`"${new URL(SAMPLE_HOST).host}"`, `"${new URL(origin).host}"`)
    .replaceAll(SAMPLE_KEY, key);
