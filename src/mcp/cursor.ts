import { z } from 'zod';
import { readChecked, writeChecked } from '../input/checked-value.ts';

/** Where an answer goes on that was too long for one. */
export interface Cursor {
  /** The page's own arguments, as the tool took them. */
  readonly given: readonly (readonly [name: string, value: string])[];
  /** What tells the last item shown from the others. */
  readonly after: string;
}

const Fields = z.tuple([z.array(z.tuple([z.string(), z.string()])), z.string()]);

/** A cursor as text, good for `tool` alone. */
export const writeCursor = ({ given, after }: Cursor, tool: string): string =>
  writeChecked([given, after], tool);

/** The cursor in `text`, or null when it was made up, damaged, or given by another tool. */
export function readCursor(text: string, tool: string): Cursor | null {
  const fields = Fields.safeParse(readChecked(text, tool));
  return fields.success ? { given: fields.data[0], after: fields.data[1] } : null;
}
