import { hash } from 'node:crypto';

const CHECKSUM_LENGTH = 12;

/**
 * A value as one word for a URL, good for `scope` alone. The checksum tells a mistake from a word of ours; it keeps no
 * secret, so what is read is to be trusted no further than what callers type.
 */
export function writeChecked(value: unknown, scope: string): string {
  const text = JSON.stringify(value);
  return Buffer.from(checksumOf(text, scope) + text).toString('base64url');
}

/** The value in `word`, or undefined when it was made up, damaged, or given for something else. */
export function readChecked(word: string, scope: string): unknown {
  const decoded = Buffer.from(word, 'base64url').toString();
  const text = decoded.slice(CHECKSUM_LENGTH);
  if (decoded.slice(0, CHECKSUM_LENGTH) !== checksumOf(text, scope)) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const checksumOf = (text: string, scope: string) =>
  hash('sha256', `${scope}\n${text}`, 'base64url').slice(0, CHECKSUM_LENGTH);
