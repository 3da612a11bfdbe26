import { z } from 'zod';
import { DOOR_CODES, type DoorCode } from '../failure.ts';
import { ENVELOPE } from './envelope-schemas.ts';
import { namesInPath, type Operation } from './operation.ts';

type Json = { [name: string]: unknown };

const TAGS: Readonly<Record<string, string>> = {
  Accounts: 'Who pays: plans, limits, an end.',
  Keys: 'What callers send.',
  Exits: 'The ways out to Bitbucket, of this gateway.',
  Usage: 'What accounts used.',
  Audit: 'Who changed what.',
  Calls: 'What became of single calls.',
  Log: 'What is written to the log.',
};

/** The codes that any operation may end with, and the ones that only some do. */
const EVERYWHERE: readonly DoorCode[] = [
  'invalid_request',
  'unauthorized',
  'rate_exceeded',
  'internal',
  'store_unavailable',
];
const codesOf = ({ method, path }: Operation): readonly DoorCode[] => [
  ...EVERYWHERE,
  ...(method === 'GET' ? [] : (['forbidden'] as const)),
  ...(path.includes('{') ? (['not_found'] as const) : []),
  ...(method === 'POST' ? (['idempotency_conflict', 'request_too_large'] as const) : []),
  ...(method === 'PATCH' ? (['request_too_large'] as const) : []),
];

/** The door's own API as OpenAPI 3.1, from the same table as its routes. */
export function doorOpenApiOf(operations: readonly Operation[], version: string): Json {
  const paths: Record<string, Json> = {};
  for (const operation of operations) {
    const place = paths[operation.path] ?? {};
    place[operation.method.toLowerCase()] = operationOf(operation);
    paths[operation.path] = place;
  }
  return {
    openapi: '3.1.1',
    info: {
      title: 'Operator’s door of the Bitbucket gateway',
      version,
      summary: 'Accounts, keys, usage, exits and the story of a call.',
      description: DESCRIPTION,
      contact: { name: 'oanor', url: 'https://www.oanor.com' },
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: 'http://127.0.0.1:9090', description: 'ADMIN_HOST and ADMIN_PORT of a gateway' }],
    security: [{ token: [] }],
    tags: Object.entries(TAGS).map(([name, description]) => ({ name, description })),
    paths,
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer', description: 'ADMIN_TOKEN.' } },
      schemas: { ...schemasOf(operations), ...ENVELOPE },
      responses: Object.fromEntries(
        statusesOf(operations).map((status) => [`Error${status}`, errorResponse(status)]),
      ),
    },
  };
}

const DESCRIPTION =
  'For the marketplace that sells the plans, and for whoever runs the gateway. Every answer is an envelope of five keys. ' +
  'A list goes on with its `next` as `cursor`. A POST sent with an `Idempotency-Key` is carried out once in 24 hours: sent ' +
  'again it gives the same ids, and null in place of the key; with another request under the same name it is refused.';

function operationOf(operation: Operation): Json {
  const { id, tag, summary, description, body, data, method } = operation;
  return {
    operationId: id,
    tags: [tag],
    summary,
    description: description ?? `${summary}.`,
    parameters: [...parametersOf(operation), ...(method === 'POST' ? [ONCE] : [])],
    ...(body === null
      ? {}
      : { requestBody: { required: isRequired(body), content: jsonOf(schemaOf(body, 'input')) } }),
    responses: {
      200: { description: summary, content: jsonOf(answerOf(data)) },
      ...Object.fromEntries(
        [...new Set(codesOf(operation).map((code) => DOOR_CODES[code]))]
          .sort()
          .map((status) => [status, { $ref: `#/components/responses/Error${status}` }]),
      ),
    },
  };
}

const ONCE = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description: 'The sender’s own name for this request: sent again within 24 hours it changes nothing more.',
  schema: { type: 'string', minLength: 1, maxLength: 255, pattern: '^[\\x21-\\x7e]+$' },
};

function parametersOf({ path, parameters }: Operation): Json[] {
  const inPath = namesInPath(path);
  const { properties = {}, required = [] } = schemaOf(parameters, 'input') as {
    properties?: Record<string, Json>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, { description, examples, ...schema }]) => ({
    name,
    in: inPath.includes(name) ? 'path' : 'query',
    required: required.includes(name),
    description,
    ...(Array.isArray(examples) ? { example: examples[0] } : {}),
    schema,
  }));
}

const isRequired = (body: z.ZodObject) => !body.safeParse({}).success;
const jsonOf = (schema: Json): Json => ({ 'application/json': { schema } });
const answerOf = (data: z.ZodType): Json => ({
  allOf: [
    { $ref: '#/components/schemas/Success' },
    { type: 'object', required: ['data'], properties: { data: schemaOf(data, 'output') } },
  ],
});

/** Named schemas by reference, all else in place. */
function schemaOf(schema: z.ZodType, io: 'input' | 'output'): Json {
  const {
    $schema: _,
    $defs: __,
    ...json
  } = z.toJSONSchema(schema, {
    io,
    override: ({ jsonSchema }) => tidy(jsonSchema as Json),
  }) as Json;
  const id = schema.meta()?.id;
  return id !== undefined && io === 'output' ? { $ref: refOf(id) } : moved(json);
}

const refOf = (id: string) => `#/components/schemas/${id}`;

/** References to where zod keeps definitions, turned to where OpenAPI does. */
function moved(value: Json): Json {
  return JSON.parse(JSON.stringify(value).replaceAll('#/$defs/', '#/components/schemas/')) as Json;
}

/** zod's bounds of safe integers, and its own names. */
function tidy(jsonSchema: Json): void {
  if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
  if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
  delete jsonSchema.id;
}

function schemasOf(operations: readonly Operation[]): Json {
  const registry = z.registry<{ id: string }>();
  const seen = new Set<string>();
  const add = (schema: z.ZodType) => {
    const id = schema.meta()?.id;
    if (id === undefined || seen.has(id)) return;
    seen.add(id);
    registry.add(schema, { id });
  };
  for (const { data } of operations) for (const schema of namedIn(data)) add(schema);
  const { schemas } = z.toJSONSchema(registry, {
    io: 'output',
    uri: refOf,
    override: ({ jsonSchema }) => tidy(jsonSchema as Json),
  });
  return Object.fromEntries(
    Object.entries(schemas).map(([id, { $schema: _, $id: __, ...schema }]) => [id, schema]),
  );
}

/** A schema that has a name, or those that a list is made of. */
function namedIn(data: z.ZodType): z.ZodType[] {
  if (data.meta()?.id !== undefined) return [data];
  const values = data instanceof z.ZodObject ? data.shape.values : undefined;
  return values instanceof z.ZodArray ? [values.element as z.ZodType] : [];
}

/** Those that some operation may end with; no request finds an operation by a wrong method. */
const statusesOf = (operations: readonly Operation[]) => [
  ...new Set(operations.flatMap((operation) => codesOf(operation).map((code) => DOOR_CODES[code]))),
];

function errorResponse(status: number): Json {
  const codes = Object.entries(DOOR_CODES).filter(([, of]) => of === status);
  return {
    description: codes.map(([code]) => `\`${code}\``).join(', '),
    content: jsonOf({ $ref: '#/components/schemas/Failure' }),
  };
}
