import { isUtf8 } from 'node:buffer';
import { scanObject, stringAt } from './json-scan.ts';

/** What a body says about itself, beside its values. */
export interface PageKeys {
  /** The upstream's own URL of the next page; undefined on the last one. */
  readonly next: string | undefined;
}

/**
 * A page's own keys, read from the bytes without building its values; null when the body is not exactly one JSON
 * object in UTF-8, so that nothing broken leaves as a success.
 */
export function readPageKeys(body: Buffer): PageKeys | null {
  const members = scanObject(body);
  if (members === null || !isUtf8(body)) return null;
  return { next: stringAt(body, members.get('next')) };
}
