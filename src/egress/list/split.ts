import { parseEntry } from './entry.ts';
import { splitTerms } from './terms.ts';

/** The entries of a list: separated by white space, or by a comma before the next entry. */
export function splitEntries(text: string): string[] {
  return text
    .split(/\s+/)
    .flatMap(splitAtCommas)
    .filter((entry) => entry !== '');
}

/** A comma may belong to a password, so it separates only where what follows begins an entry. */
function splitAtCommas(word: string): string[] {
  const entries: string[] = [];
  let start = 0;
  for (let comma = word.indexOf(','); comma !== -1; comma = word.indexOf(',', comma + 1)) {
    const before = word.slice(start, comma);
    if (!separates(before, word.slice(comma + 1))) continue;
    entries.push(before);
    start = comma + 1;
  }
  return [...entries, word.slice(start)];
}

const SCHEME = /^[a-z][a-z0-9+.-]*:\/\//i;
const DIRECT_OR_VENDOR = [
  /^direct(?=,|$)/i,
  /^(?:\[[^\]]*\]|[^:@/,[\]]+):\d{1,5}:(?:\{session:[^}:]*\}|[^:])*:/,
  /^(?:\{session:[^}:]*\}|[^:@/,])+:.*?@(?:\[[^\]]*\]|[^:@/,[\]]+):\d{1,5}(?=,|$)/,
];

/**
 * A scheme after a comma is always a new entry. A vendor's form or `direct` could still be a piece of a password
 * (`http://u:p,w:x@h:1`), so it is one only when what stands before the comma is whole by itself.
 */
function separates(before: string, after: string): boolean {
  const split = splitTerms(after);
  // Terms that are at fault stand before a URL.
  if (before === '' || after === '' || 'fault' in split || SCHEME.test(split.rest)) return true;
  return DIRECT_OR_VENDOR.some((form) => form.test(split.rest)) && 'entry' in parseEntry(before);
}
