import { z } from 'zod';
import type { Endpoint } from '../endpoints/endpoint.ts';
import { type Cursor, readCursor } from './cursor.ts';

const ARGUMENTS = {
  detail: z
    .enum(['brief', 'full'], '`detail` is brief or full.')
    .meta({
      description: "What comes of each item: what people read, or all of Bitbucket's own.",
      examples: ['full'],
    })
    .default('brief'),
};

/** Never good: a good cursor is its page's arguments by the time it is read. */
const cursor = z
  .string()
  .refine(() => false, {
    error:
      '`cursor` is none of this tool, or stands beside other arguments than its own. Take all arguments as the ' +
      'answer before gave them.',
  })
  .meta({ description: 'Where an answer goes on that was too long for one, as its end gave it.' })
  .optional();

/** The row as agents may ask for it: `detail` and, on lists, `cursor` instead of `pretty`. */
export function toolRowOf(row: Endpoint): Endpoint {
  const input = row.input.omit({ pretty: true }).extend(ARGUMENTS);
  return {
    ...row,
    input: row.brief.list === undefined ? input : input.extend({ cursor }),
    answer: (given, bitbucket, conditions) => {
      const { detail, cursor, ...own } = given as Record<string, unknown>;
      return row.answer(own, bitbucket, conditions);
    },
  };
}

/** What an agent asked for, in the way's words. */
export interface ToolCall {
  readonly query: string;
  readonly given: Cursor['given'];
  readonly detail: 'brief' | 'full';
  readonly after?: string;
}

/** Reads the arguments of a call; what is wrong with them is for the way to say. */
export function readToolCall(tool: string, given: Readonly<Record<string, unknown>>): ToolCall {
  const pairs = pairsOf(given);
  const text = pairs.find(([name]) => name === 'cursor')?.[1];
  const cursor = text === undefined ? null : readCursor(text, tool);
  const beside = pairs.filter(([name]) => name !== 'cursor');
  const fits = cursor !== null && beside.every((pair) => cursor.given.some((own) => isSame(own, pair)));
  return fits ? { ...callOf(cursor.given), after: cursor.after } : callOf(pairs);
}

const isSame = (a: readonly string[], b: readonly string[]) => a[0] === b[0] && a[1] === b[1];

const callOf = (given: Cursor['given']): ToolCall => ({
  query: given
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value.toWellFormed())}`)
    .join('&'),
  given,
  detail: given.some(([name, value]) => name === 'detail' && value === 'full') ? 'full' : 'brief',
});

/** Models write numbers and lists where text was asked for, and null for what is absent; each has one reading. */
const pairsOf = (given: Readonly<Record<string, unknown>>): [string, string][] =>
  Object.entries(given).flatMap(([name, value]) => {
    if (value === null) return [];
    return [
      [name, typeof value === 'object' && !Array.isArray(value) ? JSON.stringify(value) : String(value)],
    ];
  });
