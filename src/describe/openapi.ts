import { z } from 'zod';
import { codeOf, FAILURE_CODES, FAILURE_NAMES, FAILURES, type FailureName } from '../domain/failure.ts';
import type { Endpoint } from '../endpoints/endpoint.ts';
import { type Json, parametersOf, withoutNoise } from '../endpoints/parameters.ts';
import { DATA } from './schemas.ts';

const HEADERS: Readonly<Record<string, string>> = {
  'x-request-id': 'UUID of the call, as in `meta.request_id`.',
  'x-upstream-request-id': "Bitbucket's own id of the request.",
  'x-ratelimit-limit': 'Calls a second of the plan.',
  'x-ratelimit-remaining': 'Calls left in this second.',
  'x-ratelimit-reset': 'Whole seconds until all of them are free again.',
  'x-quota-limit': 'Calls a month of the plan.',
  'x-quota-remaining': 'Calls left in this month.',
  'x-quota-reset': 'Whole seconds until the next month.',
  RateLimit: 'Both limits as they stand (draft-ietf-httpapi-ratelimit-headers-10).',
  'RateLimit-Policy': 'Both limits (draft-ietf-httpapi-ratelimit-headers-10).',
  'Server-Timing': 'Milliseconds: `upstream` and `total`.',
  Link: 'Where a list goes on (RFC 8288): `next`, `prev`, `first`.',
  'Retry-After': 'Seconds to wait.',
  'WWW-Authenticate': 'How to send a key.',
};

const COMMON_HEADERS = Object.keys(HEADERS).filter(
  (name) => !['Link', 'Retry-After', 'WWW-Authenticate'].includes(name),
);
const INTEGER_HEADER = /^(x-(ratelimit|quota)-|Retry-After)/;

/** What is told to clients about the table: OpenAPI 3.1. */
export function openApiOf(table: readonly Endpoint[], version: string): Json {
  const { schemas: data } = z.toJSONSchema(registryOf(), {
    io: 'output',
    uri: (id) => `#/components/schemas/${id}`,
    override: withoutNoise,
  });
  return {
    openapi: '3.1.1',
    info: {
      title: 'Bitbucket API',
      version,
      summary: 'Read Bitbucket Cloud without a token.',
      description:
        'Any public repository and workspace of Bitbucket Cloud, live, through one API key. Every answer is an envelope ' +
        'of five keys; `data` is the body that Bitbucket sent. Lists lead from page to page by the `Link` header. ' +
        "Nothing is cached here; Bitbucket's own CDN may be up to 15 minutes old for anonymous lists.",
      contact: { name: 'oanor', url: 'https://www.oanor.com' },
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [
      { url: 'https://api.oanor.com/bitbucket-api', description: 'The published gateway' },
      { url: 'http://127.0.0.1:8080/bitbucket-api', description: 'A gateway of your own' },
    ],
    security: [{ oanorKey: [] }],
    tags: [
      { name: 'Repository', description: 'One repository and what is in it.' },
      { name: 'Workspace', description: 'Who owns repositories.' },
      { name: 'Meta', description: 'This API itself.' },
    ],
    paths: Object.fromEntries(table.map((row) => [row.path, { get: operationOf(row) }])),
    components: {
      securitySchemes: {
        oanorKey: {
          type: 'apiKey',
          in: 'header',
          name: 'x-oanor-key',
          description: 'Made at https://www.oanor.com/developer/keys.',
        },
      },
      headers: Object.fromEntries(
        Object.entries(HEADERS).map(([name, description]) => [name, headerOf(name, description)]),
      ),
      responses: Object.fromEntries(statuses().map((status) => [`Error${status}`, errorResponse(status)])),
      schemas: { ...withoutIds(data), ...ENVELOPE_SCHEMAS },
    },
  };
}

function registryOf() {
  const registry = z.registry<{ id: string }>();
  const seen = new Set<z.ZodType>();
  const add = (schema: z.ZodType) => {
    const id = schema.meta()?.id;
    if (id !== undefined && !seen.has(schema)) registry.add(schema, { id });
    seen.add(schema);
  };
  for (const schema of Object.values(DATA)) add(schema);
  return registry;
}

/** Components without `$id`, those that zod nested under `$defs` lifted beside the others. */
function withoutIds(schemas: Json): Json {
  const lifted: Json = {};
  const walk = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(walk);
    if (typeof value !== 'object' || value === null) return value;
    const entries = Object.entries(value).filter(
      ([name]) =>
        !['$id', '$schema', '$defs', 'id'].includes(name) ||
        (name === 'id' && typeof (value as Json).id !== 'string'),
    );
    return Object.fromEntries(
      entries.map(([name, inner]) => [
        name,
        name === '$ref'
          ? String(inner).replace(/^.*[/](?:\$defs|schemas)[/]/, '#/components/schemas/')
          : walk(inner),
      ]),
    );
  };
  for (const [name, schema] of Object.entries(schemas)) {
    if (name === '__shared') {
      for (const [id, inner] of Object.entries((schema as Json).$defs as Json)) lifted[id] = walk(inner);
    } else lifted[name] = walk(schema);
  }
  return lifted;
}

const headerOf = (name: string, description: string): Json => ({
  description,
  schema: INTEGER_HEADER.test(name) ? { type: 'integer', minimum: 0 } : { type: 'string' },
});

const META = {
  timestamp: {
    type: 'string',
    format: 'date-time',
    description: 'When the call was let in; UTC, milliseconds.',
  },
  request_id: { type: 'string', format: 'uuid' },
};

const ENVELOPE_SCHEMAS: Json = {
  CallMeta: { type: 'object', properties: META, required: ['timestamp', 'request_id'] },
  Failure: {
    type: 'object',
    description: 'Every call that ends without data.',
    properties: {
      data: { type: 'null' },
      meta: {
        type: 'object',
        properties: {
          ...META,
          code: { type: 'string', enum: FAILURE_CODES, description: 'For programs.' },
          details: {
            type: 'array',
            description: 'What is wrong with which parameter.',
            items: {
              type: 'object',
              properties: { parameter: { type: 'string' }, message: { type: 'string' } },
              required: ['parameter', 'message'],
            },
          },
        },
        required: ['timestamp', 'request_id', 'code'],
      },
      status: { type: 'string', const: 'error' },
      message: { type: 'string', description: 'For a person.' },
      success: { type: 'boolean', const: false },
    },
    required: ['data', 'meta', 'status', 'message', 'success'],
  },
};

/** What any row may end with; the last three belong to Bitbucket's answers. */
const statuses = () => [400, 401, 402, 403, 404, 405, 408, 410, 413, 414, 429, 431, 500, 502, 503, 504];

const failuresOf = (status: number): FailureName[] =>
  FAILURE_NAMES.filter((name) => FAILURES[name].status === status);

function errorResponse(status: number): Json {
  const names = [
    ...COMMON_HEADERS,
    ...(status === 401 ? ['WWW-Authenticate'] : []),
    ...(status === 429 || status === 503 ? ['Retry-After'] : []),
  ];
  const examples = failuresOf(status).map((name) => [codeOf(name), { value: exampleOf(name) }]);
  return {
    description: failuresOf(status).map(codeOf).join(', '),
    headers: headersOf(names),
    content: {
      'application/json': {
        schema: { $ref: '#/components/schemas/Failure' },
        examples: Object.fromEntries(examples),
      },
    },
  };
}

const exampleOf = (name: FailureName): Json => ({
  data: null,
  meta: {
    timestamp: '2026-06-02T16:52:14.392Z',
    request_id: '3431cfbf-4af7-4c3b-85c5-ecd19efc6cde',
    code: codeOf(name),
  },
  status: 'error',
  message: FAILURES[name].example,
  success: false,
});

const headersOf = (names: readonly string[]): Json =>
  Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));

function operationOf(row: Endpoint): Json {
  const headers = row.cursor === undefined ? COMMON_HEADERS : [...COMMON_HEADERS, 'Link'];
  return {
    operationId: row.operationId,
    tags: [row.tag],
    summary: row.summary,
    description: row.description,
    parameters: parametersOf(row),
    responses: {
      '200': {
        description: row.message,
        headers: headersOf(headers),
        content: { 'application/json': { schema: envelopeOf(row) } },
      },
      ...Object.fromEntries(
        statuses().map((status) => [String(status), { $ref: `#/components/responses/Error${status}` }]),
      ),
    },
  };
}

const envelopeOf = (row: Endpoint): Json => ({
  type: 'object',
  properties: {
    data: { $ref: `#/components/schemas/${DATA[row.operationId]?.meta()?.id}` },
    meta: { $ref: '#/components/schemas/CallMeta' },
    status: { type: 'string', const: 'ok' },
    message: { type: 'string', const: row.message },
    success: { type: 'boolean', const: true },
  },
  required: ['data', 'meta', 'status', 'message', 'success'],
});
