import type { z } from 'zod';
import { type Detail, Failure } from '../domain/failure.ts';
import { oncePer, remembered } from '../domain/remembered.ts';
import { nearestOf } from '../input/nearest.ts';
import { parseQuery, shorten } from '../input/query-string.ts';
import type { Endpoint } from './endpoint.ts';

/** What a row was asked for, by name. The same object for the same query. */
export type Input = Readonly<Record<string, unknown>>;

/** So many queries of a row are remembered: who polls asks for the same again and again. */
const REMEMBERED = 500;

const readersOf = oncePer((row: Pick<Endpoint, 'input'>) =>
  remembered(REMEMBERED, (query) => readInput(row, query)),
);

/**
 * The row's own values from a raw query string. Throws `invalid_request` with one detail per thing that is wrong,
 * before anything is asked of Bitbucket.
 */
export const parseInput = (row: Pick<Endpoint, 'input'>, query: string): Input => readersOf(row)(query);

function readInput(row: Pick<Endpoint, 'input'>, query: string): Input {
  const parsed = parseQuery(query);
  if (!parsed.ok) throw refusal(parsed.details);
  const result = row.input.safeParse(Object.fromEntries(parsed.values));
  if (result.success) return result.data;
  const known = Object.keys(row.input.shape);
  throw refusal(result.error.issues.flatMap((issue) => detailsOf(issue, known)));
}

function refusal(details: readonly Detail[]): Failure {
  return new Failure('invalid_request', details.map(({ message }) => message).join(' '), { details });
}

function detailsOf(issue: z.core.$ZodIssue, known: readonly string[]): Detail[] {
  if (issue.code === 'unrecognized_keys') return issue.keys.map((name) => unknownParameter(name, known));
  const parameter = String(issue.path[0] ?? '');
  const missing = issue.code === 'invalid_type' && issue.input === undefined;
  return [{ parameter, message: missing ? `\`${parameter}\` is required.` : issue.message }];
}

function unknownParameter(name: string, known: readonly string[]): Detail {
  const meant = nearestOf(name, known);
  const hint = meant === undefined ? `It takes ${known.join(', ')}.` : `Did you mean \`${meant}\`?`;
  const shown = shorten(name);
  return { parameter: name, message: `\`${shown}\` is no parameter of this endpoint. ${hint}` };
}
