import { hash } from 'node:crypto';
import { z } from 'zod';
import { hasDotSegment, isSendable } from '../input/segments.ts';

const Fields = z.tuple([
  z.string().regex(/^[0-9a-f]{7,64}$/),
  z.string().min(1).max(1_000).refine(isSendable),
  z
    .string()
    .min(1)
    .max(1_024)
    .refine((name) => isSendable(name) && !hasDotSegment(name)),
]);

/** Where a listing goes on: the commit it is pinned to, and Bitbucket's own cursor at that commit. */
export interface TreeToken {
  readonly commit: string;
  readonly cursor: string;
  /** The name the first page gave to its ref. */
  readonly ref: string;
}

/**
 * Writes a token that only works where it was given: `scope` names repository, path and ref as asked. The checksum
 * tells a mistake from a token; it keeps no secret, so what is read is trusted no further than what callers type.
 */
export function writeTreeToken(token: TreeToken, scope: string): string {
  const text = JSON.stringify([token.commit, token.cursor, token.ref]);
  return Buffer.from(checksumOf(text, scope) + text).toString('base64url');
}

/** The token in `text`, or null when it was made up, damaged, or given for another listing. */
export function readTreeToken(text: string, scope: string): TreeToken | null {
  const decoded = Buffer.from(text, 'base64url').toString();
  const json = decoded.slice(CHECKSUM_LENGTH);
  if (decoded.slice(0, CHECKSUM_LENGTH) !== checksumOf(json, scope)) return null;
  const fields = Fields.safeParse(parseJson(json));
  if (!fields.success) return null;
  const [commit, cursor, ref] = fields.data;
  return { commit, cursor, ref };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const CHECKSUM_LENGTH = 12;

const checksumOf = (text: string, scope: string) =>
  hash('sha256', `${scope}\n${text}`, 'base64url').slice(0, CHECKSUM_LENGTH);
