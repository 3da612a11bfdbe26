import { Failure } from '../domain/failure.ts';
import { loadEnvFile } from '../env-file.ts';
import { UsageError } from './arguments.ts';

/**
 * Runs a command line as a program, with what `.env` sets; its exit code. A reader that has seen enough (`| head`)
 * ends it quietly.
 */
export async function runProgram(main: (args: readonly string[]) => Promise<number>): Promise<number> {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    process.exit(0);
  });
  try {
    loadEnvFile();
  } catch (error) {
    console.error((error as Error).message);
    return 1;
  }
  return main(process.argv.slice(2));
}

/**
 * The exit code of `work`: what it gives, else 0; 1 where it failed and 2 where the command line was misspelt, told in
 * one line.
 */
export async function exitCodeOf(work: () => Promise<number> | Promise<void>): Promise<number> {
  try {
    return (await work()) ?? 0;
  } catch (error) {
    const isMisspelt = error instanceof UsageError || isOfParseArgs(error);
    console.error(oneLineOf(error) + (isMisspelt ? ' (--help shows the usage)' : ''));
    return isMisspelt ? 2 : 1;
  }
}

const isOfParseArgs = (error: unknown): boolean =>
  error instanceof TypeError && String((error as NodeJS.ErrnoException).code).startsWith('ERR_PARSE_ARGS');

/** What is told to callers says nothing of its cause; an operator wants to know. */
function oneLineOf(error: unknown): string {
  const cause = error instanceof Failure && error.cause instanceof Error ? ` (${error.cause.message})` : '';
  const text = error instanceof Error ? error.message + cause : String(error);
  return text.replaceAll(/\s*\n\s*/g, ' ').trim();
}
