import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { MUTANTS } from './mutants.ts';

/** Within so many runs each of them has to be found. */
const MAX_RUNS = 200;
/** Processes at once. */
const AT_ONCE = 2;

/** Hunts every mutant in a process of its own; prints a line for each. Whether all were found. */
export async function huntAll(firstSeed: number, only: string | undefined): Promise<boolean> {
  const waiting = MUTANTS.filter(({ name }) => only === undefined || name.includes(only));
  let areAllFound = waiting.length > 0;
  const work = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const runs = await hunt(next.name, firstSeed);
      console.log(runs === null ? `NOT FOUND ${next.name}` : `found ${next.name} after ${runs} runs`);
      if (runs === null) areAllFound = false;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return areAllFound;
}

/** After how many runs a promise was broken; null: after none. */
function hunt(name: string, firstSeed: number): Promise<number | null> {
  const main = fileURLToPath(new URL('../main.ts', import.meta.url));
  const args = [main, '--plant', name, '--seed', String(firstSeed), '--runs', String(MAX_RUNS)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.on('data', (text) => {
    said += text;
  });
  return new Promise((resolve) => {
    child.once('close', () => {
      const runs = /^found after (\d+) runs$/m.exec(said)?.[1];
      resolve(runs === undefined ? null : Number(runs));
    });
  });
}
