import Converter from 'openapi-to-postmanv2';
import { KEY_HEADER } from '../src/domain/headers.ts';
import type { Json } from '../src/endpoints/parameters.ts';

/** Each call as its description has it: what is optional stands there with its example, switched off. */
const OPTIONS = {
  folderStrategy: 'Tags',
  parametersResolution: 'Example',
  enableOptionalParameters: false,
  includeAuthInfoInExample: false,
} as const;

const TEST = "pm.test('answers with data', () => pm.expect(pm.response.json().success).to.equal(true));";

interface Operation {
  readonly parameters: readonly Json[];
  readonly responses: Readonly<Record<number, Json>>;
}

/** The calls of a description as a Postman collection (2.1.0), with the key as a variable; each call is tested. */
export async function postmanOf(description: Json): Promise<Json> {
  const { item, variable } = withoutIds(await convert(convertible(description))) as Json & {
    variable: readonly Json[];
  };
  return {
    info: {
      name: 'Bitbucket API',
      description: 'Set the variable `key` to your key.',
      schema: 'https://schema.getpostman.com/json/collection/v2.1.0/collection.json',
    },
    auth: {
      type: 'apikey',
      apikey: Object.entries({ key: KEY_HEADER, value: '{{key}}', in: 'header' }).map(([key, value]) => ({
        key,
        value,
        type: 'string',
      })),
    },
    variable: [...variable, { key: 'key', value: '' }],
    event: [{ listen: 'test', script: { type: 'text/javascript', exec: [TEST] } }],
    item,
  };
}

/**
 * What the converter is to see: with a saved answer for each status a collection of 0.2 MB would have 1.7, and what has
 * no example (the tokens of a next page) it would fill in at random.
 */
function convertible(description: Json): Json {
  const paths = description.paths as Readonly<Record<string, { readonly get: Operation }>>;
  const bare = Object.entries(paths).map(([path, { get }]) => {
    const parameters = get.parameters.map((one) =>
      '$ref' in one || 'example' in one ? one : { ...one, schema: { type: 'string', enum: [''] } },
    );
    const responses = { 200: { ...get.responses[200], headers: {} } };
    return [path, { get: { ...get, parameters, responses } }];
  });
  return { ...description, paths: Object.fromEntries(bare) };
}

/** Handed a text, since the converter writes into the objects it is given. */
function convert(description: Json): Promise<unknown> {
  const data = JSON.stringify(description);
  return new Promise((resolve, reject) => {
    Converter.convertV2({ type: 'string', data }, OPTIONS, (error, converted) => {
      const collection = converted?.output?.[0]?.data;
      if (error || collection === undefined) reject(error ?? new Error(converted?.reason));
      else resolve(collection);
    });
  });
}

/** The converter names things at random, anew each time. */
function withoutIds(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutIds);
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([name]) => name !== 'id' && name !== '_postman_id');
  return Object.fromEntries(kept.map(([name, inner]) => [name, withoutIds(inner)]));
}
