import { readFile } from 'node:fs/promises';
import {
  createSpecs,
  ExitListError,
  type ExitSpec,
  type PlacedEntry,
  placeFileEntries,
  placeListEntries,
} from './exit-list.ts';

/** Where the operator says which exits there are: the text of `PROXY_URLS`, the path in `PROXY_FILE`. */
export interface ExitSources {
  readonly urls?: string | undefined;
  readonly file?: string | undefined;
}

/**
 * The exits of list and file together, each once, in that order; none when neither names any. Read again on
 * SIGHUP. Rejects with an `ExitListError` that names the variable and the place of a bad entry.
 */
export async function readExitList({ urls, file }: ExitSources): Promise<ExitSpec[]> {
  const listed = urls ? placeListEntries(urls, 'PROXY_URLS ') : [];
  return createSpecs([...listed, ...(file ? await readEntries(file) : [])]);
}

async function readEntries(file: string): Promise<PlacedEntry[]> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new ExitListError('PROXY_FILE', null, `cannot be read (${error.code})`);
  });
  return placeFileEntries(text, 'PROXY_FILE ');
}
