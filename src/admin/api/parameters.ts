import { z } from 'zod';
import type { ListAt, ListPage } from '../../domain/operator.ts';

/** The most that one answer lists. */
export const MAX_LIMIT = 1_000;

const digits = z
  .string()
  .regex(/^\d{1,6}$/, 'must be a whole number')
  .transform(Number);

/** What every list takes. */
export const cursorPaging = {
  cursor: z.string().min(1).optional().meta({ description: 'The `next` of the answer before.' }),
  limit: digits
    .refine((limit) => limit >= 1 && limit <= MAX_LIMIT, `must be from 1 to ${MAX_LIMIT}`)
    .default(100)
    .meta({ description: `How many at most, 1 to ${MAX_LIMIT}; 100 when not given.` }),
};

/** `id` of a path. */
export const id = (description: string) => z.string().min(1).max(200).meta({ description });

export const none = z.strictObject({});

export const atOf = ({ cursor, limit }: { cursor?: string | undefined; limit: number }): ListAt => ({
  cursor: cursor ?? null,
  limit,
});

/** A part of a list as `data` has it. */
export const listData = <Value, Shown>(
  { values, next }: ListPage<Value>,
  show: (value: Value) => Shown,
): { values: Shown[]; next?: string } => ({
  values: values.map(show),
  ...(next === null ? {} : { next }),
});
