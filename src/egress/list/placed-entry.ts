import { splitEntries } from './split.ts';

/** One entry as it was written. `where` is said in errors: `entry 3`, `PROXY_FILE line 7`. */
export interface PlacedEntry {
  readonly text: string;
  readonly where: string;
  /** The entry's number in a list, the line's in a file, from 1. */
  readonly position: number;
}

/** The entries of a list: separated by white space, or by a comma before the next entry. */
export function placeListEntries(text: string, source = ''): PlacedEntry[] {
  return splitEntries(text).map((entry, index) => ({
    text: entry,
    where: `${source}entry ${index + 1}`,
    position: index + 1,
  }));
}

/** Those of a file: the same grammar, usually one a line, `#` at a line's start or after white space comments. */
export function placeFileEntries(text: string, source = ''): PlacedEntry[] {
  return text.split(/\r\n|[\r\n]/).flatMap((line, index) =>
    splitEntries(line.replace(/(^|\s)#.*$/, '')).map((entry) => ({
      text: entry,
      where: `${source}line ${index + 1}`,
      position: index + 1,
    })),
  );
}
