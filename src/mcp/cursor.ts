import { hash } from 'node:crypto';
import { z } from 'zod';

/** Where an answer goes on that was too long for one. */
export interface Cursor {
  /** The page's own arguments, as the tool took them. */
  readonly given: readonly (readonly [name: string, value: string])[];
  /** What tells the last item shown from the others. */
  readonly after: string;
}

const Fields = z.tuple([z.array(z.tuple([z.string(), z.string()])), z.string()]);
const CHECKSUM_LENGTH = 8;

/**
 * A cursor as text, good for `tool` alone. The checksum tells a mistake from a cursor; it keeps no secret: what is read
 * is trusted no further than what agents write.
 */
export function writeCursor({ given, after }: Cursor, tool: string): string {
  const text = JSON.stringify([given, after]);
  return Buffer.from(checksumOf(text, tool) + text).toString('base64url');
}

/** The cursor in `text`, or null when it was made up, damaged, or given by another tool. */
export function readCursor(text: string, tool: string): Cursor | null {
  const decoded = Buffer.from(text, 'base64url').toString();
  const json = decoded.slice(CHECKSUM_LENGTH);
  if (decoded.slice(0, CHECKSUM_LENGTH) !== checksumOf(json, tool)) return null;
  const fields = Fields.safeParse(parsed(json));
  return fields.success ? { given: fields.data[0], after: fields.data[1] } : null;
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return null;
  }
}

const checksumOf = (text: string, tool: string) =>
  hash('sha256', `${tool}\n${text}`, 'base64url').slice(0, CHECKSUM_LENGTH);
