import { KEY_HEADER } from '../domain/headers.ts';
import type { Endpoint } from '../endpoints/endpoint.ts';
import { type Json, parametersOf } from '../endpoints/parameters.ts';
import { BASE_PATH } from '../endpoints/table.ts';
import { getUsage } from '../endpoints/usage.ts';
import keptCodeSamples from './code-samples.json' with { type: 'json' };
import { dataSchemasOf, ENVELOPE_SCHEMAS, envelopeOf } from './openapi-data.ts';
import {
  errorStatuses,
  HEADER_COMPONENTS,
  headerRefsOf,
  PUBLISHED,
  responseOf,
} from './openapi-responses.ts';
import { sampleOf } from './samples.ts';

/** What is told to clients about the table: OpenAPI 3.1. */
export function openApiOf(
  table: readonly Endpoint[],
  version: string,
  codeSamples: Readonly<Record<string, unknown>> = keptCodeSamples,
): Json {
  return {
    openapi: '3.1.1',
    info: INFO(version),
    servers: [
      { url: PUBLISHED + BASE_PATH, description: 'The published gateway' },
      { url: `http://127.0.0.1:8080${BASE_PATH}`, description: 'A gateway of your own' },
    ],
    security: [{ oanorKey: [] }, { bearer: [] }],
    tags: [
      { name: 'Repository', description: 'One repository and what is in it.' },
      { name: 'Workspace', description: 'Who owns repositories.' },
      { name: 'Meta', description: 'This API itself.' },
      { name: 'Usage', description: 'What a key has left, and what was used. Costs nothing.' },
    ],
    paths: {
      ...Object.fromEntries(
        table.map((row) => [row.path, { get: operationOf(row, codeSamples[row.operationId]) }]),
      ),
      [getUsage.path]: { get: usageOperation() },
    },
    components: {
      securitySchemes: SECURITY_SCHEMES,
      parameters: { IfNoneMatch: IF_NONE_MATCH },
      headers: HEADER_COMPONENTS,
      responses: Object.fromEntries(errorStatuses().map((status) => [`Error${status}`, responseOf(status)])),
      schemas: { ...dataSchemasOf([...table, getUsage]), ...ENVELOPE_SCHEMAS },
    },
  };
}

const INFO = (version: string): Json => ({
  title: 'Bitbucket API',
  version,
  summary: 'Read Bitbucket Cloud without a token.',
  description:
    'Any public repository and workspace of Bitbucket Cloud, live, through one API key. Every answer is an envelope ' +
    'of five keys; `data` is the body that Bitbucket sent. Lists lead from page to page by the `Link` header. ' +
    "Nothing is cached here; Bitbucket's own CDN may be up to 15 minutes old for anonymous lists.",
  contact: { name: 'oanor', url: 'https://www.oanor.com' },
  license: { name: 'MIT', identifier: 'MIT' },
});

const SECURITY_SCHEMES: Json = {
  oanorKey: {
    type: 'apiKey',
    in: 'header',
    name: KEY_HEADER,
    description: 'Made at https://www.oanor.com/developer/keys.',
  },
  bearer: {
    type: 'http',
    scheme: 'bearer',
    description: 'The same key, for clients that can send nothing else.',
  },
};

const IF_NONE_MATCH: Json = {
  name: 'If-None-Match',
  in: 'header',
  required: false,
  description:
    'An `ETag` of this call from before: when `data` is still the same, the answer is a 304 without a body.',
  schema: { type: 'string' },
  example: 'W/"an-etag-from-before"',
};

/** An answer with data: its shape, and one as it is. */
function contentOf(row: Pick<Endpoint, 'operationId' | 'message' | 'data'>): Json {
  const example = sampleOf(row);
  return { 'application/json': { schema: envelopeOf(row), ...(example === undefined ? {} : { example }) } };
}

/** What an operation can end with, beside what it is for. */
const ERROR_RESPONSES = Object.fromEntries(
  errorStatuses().map((status) => [String(status), { $ref: `#/components/responses/Error${status}` }]),
);

/** Beside the table: it reads nothing of Bitbucket and knows no entity tags. */
const usageOperation = (): Json => ({
  operationId: getUsage.operationId,
  tags: ['Usage'],
  summary: getUsage.summary,
  description: getUsage.description,
  parameters: parametersOf(getUsage),
  responses: {
    '200': {
      description: getUsage.message,
      headers: headerRefsOf([]),
      content: contentOf(getUsage),
    },
    ...ERROR_RESPONSES,
  },
});

function operationOf(row: Endpoint, codeSamples: unknown): Json {
  const paged = row.cursor === undefined ? [] : (['link'] as const);
  return {
    operationId: row.operationId,
    tags: [row.tag],
    summary: row.summary,
    description: row.description,
    ...(codeSamples === undefined ? {} : { 'x-codeSamples': codeSamples }),
    parameters: [...parametersOf(row), { $ref: '#/components/parameters/IfNoneMatch' }],
    responses: {
      '200': {
        description: row.message,
        headers: headerRefsOf(['etag', ...paged]),
        content: contentOf(row),
      },
      '304': {
        description: 'Unchanged since the answer that had this `ETag`.',
        headers: headerRefsOf(['etag']),
      },
      ...ERROR_RESPONSES,
    },
  };
}
