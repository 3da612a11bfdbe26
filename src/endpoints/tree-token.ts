import { z } from 'zod';
import { readChecked, writeChecked } from '../input/checked-value.ts';
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

/** Writes a token that only works where it was given: `scope` names repository, path and ref as asked. */
export const writeTreeToken = ({ commit, cursor, ref }: TreeToken, scope: string): string =>
  writeChecked([commit, cursor, ref], scope);

/** The token in `text`, or null when it was made up, damaged, or given for another listing. */
export function readTreeToken(text: string, scope: string): TreeToken | null {
  const fields = Fields.safeParse(readChecked(text, scope));
  if (!fields.success) return null;
  const [commit, cursor, ref] = fields.data;
  return { commit, cursor, ref };
}
