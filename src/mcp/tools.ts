import type { Tool } from '@modelcontextprotocol/server';
import type { Endpoint } from '../endpoints/endpoint.ts';
import { parametersOf } from '../endpoints/parameters.ts';

/** A row as a tool: what it takes, what comes back, and how it goes on. */
export function toolOf(row: Endpoint): Tool {
  const parameters = parametersOf(row);
  const properties = parameters.map(({ name, description, example, schema }) => [
    name,
    { ...(schema as object), description, ...(example === undefined ? {} : { examples: [example] }) },
  ]);
  const required = parameters.filter((parameter) => parameter.required).map(({ name }) => name);
  return {
    name: row.operationId,
    title: row.summary,
    description: `${row.description} ${answerOf(row)}`,
    inputSchema: {
      type: 'object',
      properties: Object.fromEntries(properties),
      required,
      additionalProperties: false,
    },
    annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: true },
  };
}

function answerOf({ brief: { names, list } }: Endpoint): string {
  const what = list === undefined ? '`data` is' : `each of \`data.${list.key}\` is`;
  const onward =
    list === undefined ? '' : ' When more follows, the last text gives the arguments to go on with.';
  return `Comes back: JSON in which ${what} ${names.join(', ')}; with detail=full all that Bitbucket gives.${onward}`;
}
