import { codeOf, FAILURE_NAMES, FAILURES } from '../domain/failure.ts';
import { ANSWER_HEADERS, type AnswerHeader, HTTP_HEADERS } from '../domain/headers.ts';
import { helpUrlOf } from '../endpoints/help.ts';
import type { Json } from '../endpoints/parameters.ts';
import { exampleOf } from './error-pages.ts';

/** Where the published gateway is. */
export const PUBLISHED = 'https://api.oanor.com';

const ALL_HEADERS: Readonly<Record<string, string>> = { ...ANSWER_HEADERS, ...HTTP_HEADERS };

type Named = AnswerHeader | keyof typeof HTTP_HEADERS;

/** Those that only some answers carry. */
const SOME: readonly string[] = [
  'etag',
  'link',
  'retry-after',
  'www-authenticate',
  'allow',
] satisfies readonly Named[];
const COMMON = Object.keys(ALL_HEADERS).filter((name) => !SOME.includes(name));
const WHOLE_NUMBER = /^(x-(ratelimit|quota)-|retry-after)/;

/** Every header, described once. */
export const HEADER_COMPONENTS: Json = Object.fromEntries(
  Object.entries(ALL_HEADERS).map(([name, description]) => [
    name,
    { description, schema: WHOLE_NUMBER.test(name) ? { type: 'integer', minimum: 0 } : { type: 'string' } },
  ]),
);

/** What every answer carries, and `more`. */
export const headerRefsOf = (more: readonly Named[]): Json =>
  Object.fromEntries([...COMMON, ...more].map((name) => [name, { $ref: `#/components/headers/${name}` }]));

/** What any row may end with. */
export const errorStatuses = (): readonly number[] =>
  [...new Set(FAILURE_NAMES.map((name) => FAILURES[name].status))].sort((a, b) => a - b);

const MORE: Readonly<Record<number, readonly Named[]>> = {
  401: ['www-authenticate'],
  405: ['allow'],
  429: ['retry-after'],
  503: ['retry-after'],
};

/** All ways to end with `status`, each with an example. */
export function responseOf(status: number): Json {
  const failures = FAILURE_NAMES.filter((name) => FAILURES[name].status === status);
  return {
    description: failures.map(codeOf).join(', '),
    headers: headerRefsOf(['link', ...(MORE[status] ?? [])]),
    content: {
      'application/json': {
        schema: { $ref: '#/components/schemas/Failure' },
        examples: Object.fromEntries(
          failures.map((name) => [
            codeOf(name),
            { value: exampleOf(name, helpUrlOf(PUBLISHED, codeOf(name))) },
          ]),
        ),
      },
    },
  };
}
