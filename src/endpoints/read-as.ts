import type { z } from 'zod';
import type { UpstreamAnswer } from '../domain/upstream.ts';

/** Reads a body as `schema` has it; null for any other. */
export const as =
  <Schema extends z.ZodType>(schema: Schema) =>
  ({ body }: UpstreamAnswer): z.output<Schema> | null => {
    const parsed = schema.safeParse(jsonOf(body.plain()));
    return parsed.success ? parsed.data : null;
  };

function jsonOf(text: Buffer): unknown {
  try {
    return JSON.parse(text.toString());
  } catch {
    return undefined;
  }
}
