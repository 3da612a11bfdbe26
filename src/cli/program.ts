import { loadEnvFile } from '../env-file.ts';

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
