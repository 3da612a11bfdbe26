import { readFile } from 'node:fs/promises';
import { createSources, type Entry } from '../sources/create-sources.ts';
import type { Source } from '../sources/source.ts';
import type { SourceTools } from '../sources/tools.ts';
import { parseEntry } from './entry.ts';
import { ExitListError } from './exit-list-error.ts';
import { type PlacedEntry, placeFileEntries, placeListEntries } from './placed-entry.ts';

/** Where the operator says which exits there are: the text of `PROXY_URLS`, the path in `PROXY_FILE`. */
export interface ExitList {
  readonly urls?: string | undefined;
  readonly file?: string | undefined;
}

/**
 * The sources of list and file together, each once, in that order; our own address when neither is set. Read again on
 * SIGHUP. Rejects with an `ExitListError` that names the variable and the place of a bad entry, and for a list or file
 * that is set and holds no exit: only the word `direct` means our own address, never a file that came out empty.
 */
export async function readSources({ urls, file }: ExitList, tools: SourceTools): Promise<Source[]> {
  if (!urls && !file) return createSources(['direct'], tools);
  const listed = urls ? filled(placeListEntries(urls, 'PROXY_URLS '), 'PROXY_URLS') : [];
  const filed = file ? filled(await readEntries(file), 'PROXY_FILE') : [];
  return createSources([...listed, ...filed].map(parsed), tools);
}

/** The sources of a text as `PROXY_URLS` holds it. Throws `ExitListError` on the first bad entry; may be empty. */
export function parseSources(text: string, tools: SourceTools): Source[] {
  return createSources(placeListEntries(text).map(parsed), tools);
}

function filled(entries: PlacedEntry[], variable: string): PlacedEntry[] {
  if (entries.length > 0) return entries;
  throw new ExitListError(variable, null, 'holds no exit; write the word direct to leave from this address');
}

function parsed({ text, where, position }: PlacedEntry): Entry {
  const result = parseEntry(text);
  if ('entry' in result) return result.entry;
  throw new ExitListError(where, position, result.fault);
}

async function readEntries(file: string): Promise<PlacedEntry[]> {
  const text = await readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    throw new ExitListError('PROXY_FILE', null, `cannot be read (${error.code})`);
  });
  return placeFileEntries(text, 'PROXY_FILE ');
}
