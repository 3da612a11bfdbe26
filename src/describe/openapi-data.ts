import { z } from 'zod';
import { FAILURE_CODES } from '../domain/failure.ts';
import type { Endpoint } from '../endpoints/endpoint.ts';
import { type Json, withoutNoise } from '../endpoints/parameters.ts';

/** What of a row its answers are described by. */
type Described = Pick<Endpoint, 'operationId' | 'message' | 'data'>;

/** What `data` of each row is, and all that it is made of, as components. */
export function dataSchemasOf(table: readonly Described[]): Json {
  const { schemas } = z.toJSONSchema(registryOf(table), {
    io: 'output',
    uri: (id) => `#/components/schemas/${id}`,
    override: withoutNoise,
  });
  return withoutIds(schemas);
}

function registryOf(table: readonly Described[]) {
  const registry = z.registry<{ id: string }>();
  const seen = new Set<z.ZodType>();
  const add = (schema: z.ZodType) => {
    const id = schema.meta()?.id;
    if (id !== undefined && !seen.has(schema)) registry.add(schema, { id });
    seen.add(schema);
  };
  for (const { data } of table) add(data);
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

/** Throws for a row whose schema has no name: its description would lead nowhere. */
function idOf({ operationId, data }: Described): string {
  const id = data.meta()?.id;
  if (id === undefined) throw new Error(`the data of ${operationId} has a schema without an id`);
  return id;
}

/** The envelope of a row's answers. */
export const envelopeOf = (row: Described): Json => ({
  type: 'object',
  properties: {
    data: { $ref: `#/components/schemas/${idOf(row)}` },
    meta: { $ref: '#/components/schemas/CallMeta' },
    status: { type: 'string', const: 'ok' },
    message: { type: 'string', const: row.message },
    success: { type: 'boolean', const: true },
  },
  required: ['data', 'meta', 'status', 'message', 'success'],
});

const META = {
  timestamp: {
    type: 'string',
    format: 'date-time',
    description: 'When the call was let in; UTC, milliseconds.',
  },
  request_id: { type: 'string', format: 'uuid' },
};

export const ENVELOPE_SCHEMAS: Json = {
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
          docs: {
            type: 'string',
            format: 'uri-reference',
            description: 'The page about this code: what happened, what it costs, what to do.',
          },
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
        required: ['timestamp', 'request_id', 'code', 'docs'],
      },
      status: { type: 'string', const: 'error' },
      message: { type: 'string', description: 'For a person.' },
      success: { type: 'boolean', const: false },
    },
    required: ['data', 'meta', 'status', 'message', 'success'],
  },
};
