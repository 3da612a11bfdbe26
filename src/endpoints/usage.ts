import { z } from 'zod';
import type { UsageRow } from '../domain/usage.ts';
import { monthOf, summaryOf } from '../domain/usage-summary.ts';
import { pretty } from '../input/paging.ts';
import { BASE_PATH } from './table.ts';

/** As long as usage is kept: this month and a year back. */
const MAX_MONTHS = 13;

const whole = z.int().min(0);
const counts = {
  calls: whole,
  charged: whole.meta({ description: 'Those that cost a call of the month.' }),
  bytes: whole.meta({ description: 'Of bodies, as they were sent.' }),
};
const limit = { limit: whole, remaining: whole };

const Usage = z
  .strictObject({
    plan: z.string(),
    second: z.strictObject({
      ...limit,
      reset: whole.meta({ description: 'Whole seconds until all of the second is free again.' }),
    }),
    month: z.strictObject({
      month: z.string().meta({ description: '`YYYY-MM`, UTC.' }),
      ...limit,
      reset: whole.meta({ description: 'Whole seconds until the next month.' }),
    }),
    months: z.array(
      z
        .strictObject({
          month: z.string(),
          ...counts,
          days: z.array(z.strictObject({ day: z.string(), ...counts })),
          endpoints: z.array(
            z.strictObject({
              endpoint: z
                .string()
                .meta({ description: 'The operation; `none` where no endpoint was reached.' }),
              ...counts,
            }),
          ),
          codes: z.array(
            z.strictObject({
              code: z.string().meta({ description: '`ok`, or the `meta.code` of a failure.' }),
              ...counts,
            }),
          ),
        })
        .meta({ id: 'UsageMonth' }),
    ),
  })
  .meta({ id: 'Usage' });

export type OwnUsage = z.output<typeof Usage>;

/** What an account used and what it has left. No row of the table: it reads nothing and costs nothing. */
export const getUsage = {
  path: '/usage',
  operationId: 'getUsage',
  summary: 'Usage',
  description:
    "What is left of the plan's second and month, and what was used: by day, endpoint and outcome, over all keys of " +
    'the account, at most a second behind. Costs nothing.',
  message: 'Usage',
  data: Usage,
  input: z.strictObject({
    months: z
      .string()
      .regex(/^(?:[1-9]|1[0-3])$/, `\`months\` is a whole number from 1 to ${MAX_MONTHS}.`)
      .meta({
        description: 'How many months, this one first.',
        examples: ['2'],
        whole: { minimum: 1, maximum: MAX_MONTHS },
      })
      .default('1')
      .transform(Number),
    pretty,
  }),
};

export const USAGE_PATH = BASE_PATH + getUsage.path;

/** The names of the last `count` months, this one first. */
export const lastMonths = (nowMs: number, count: number): string[] =>
  Array.from({ length: count }, (_, back) => monthOf(nowMs, back));

/** One month as callers see it: without what only the operator pays for. */
export function usageMonth(month: string, rows: readonly UsageRow[]): OwnUsage['months'][number] {
  const { total, days, endpoints, codes } = summaryOf(rows);
  return {
    month,
    ...countsOf(total),
    days: days.map((row) => ({ day: row.day, ...countsOf(row) })),
    endpoints: endpoints.map((row) => ({ endpoint: row.endpoint, ...countsOf(row) })),
    codes: codes.map((row) => ({ code: row.code, ...countsOf(row) })),
  };
}

const countsOf = ({ calls, charged, bytesOut }: Pick<UsageRow, 'calls' | 'charged' | 'bytesOut'>) => ({
  calls,
  charged,
  bytes: bytesOut,
});
