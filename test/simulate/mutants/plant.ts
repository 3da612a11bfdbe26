import { registerHooks } from 'node:module';
import { MUTANTS, type Mutant } from './mutants.ts';

/**
 * Plants one known bug for this process: the file's text is changed while it is loaded, never on disk. Call it before
 * anything of `src` is imported. Ends the process where the text is not there (once): the list is out of date.
 */
export function plant(name: string): Mutant {
  const mutant = MUTANTS.find((one) => one.name === name);
  if (mutant === undefined) throw new Error(`no mutant is called ${name}`);
  registerHooks({
    load: (url, context, nextLoad) => {
      const loaded = nextLoad(url, context);
      if (!url.endsWith(`/src/${mutant.file}`)) return loaded;
      const parts = String(loaded.source).split(mutant.find);
      if (parts.length !== 2) {
        console.error(`${name}: src/${mutant.file} has its text ${parts.length - 1} times, not once`);
        process.exit(3);
      }
      return { ...loaded, source: parts.join(mutant.plant) };
    },
  });
  return mutant;
}
