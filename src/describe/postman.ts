import { KEY_HEADER } from '../domain/headers.ts';
import type { Endpoint } from '../endpoints/endpoint.ts';
import { type Json, parametersOf } from '../endpoints/parameters.ts';
import { getUsage } from '../endpoints/usage.ts';
import { absolute, type Described } from './llms.ts';

type Asked = Pick<Endpoint, 'path' | 'summary' | 'description' | 'input'>;

/** The endpoints as a Postman collection (2.1.0): optional parameters are there and switched off; each call is tested. */
export function postmanOf({ table, base }: Described): Json {
  const tags = [...new Set(table.map(({ tag }) => tag))];
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
    variable: [
      { key: 'baseUrl', value: absolute(base) },
      { key: 'key', value: '' },
    ],
    item: [
      ...tags.map((tag) => ({ name: tag, item: table.filter((row) => row.tag === tag).map(itemOf) })),
      { name: 'Usage', item: [itemOf(getUsage)] },
    ],
  };
}

const TEST = "pm.test('answers with data', () => pm.expect(pm.response.json().success).to.equal(true));";

function itemOf(row: Asked): Json {
  const query = parametersOf(row).map(({ name, description, required, example }) => ({
    key: name,
    value: example === undefined ? '' : String(example),
    description,
    disabled: !required,
  }));
  const asked = query
    .filter(({ disabled }) => !disabled)
    .map(({ key, value }) => `${key}=${encodeURIComponent(value)}`);
  return {
    name: row.summary,
    request: {
      method: 'GET',
      description: row.description,
      url: {
        raw: `{{baseUrl}}${row.path}${asked.length === 0 ? '' : `?${asked.join('&')}`}`,
        host: ['{{baseUrl}}'],
        path: row.path.slice(1).split('/'),
        query,
      },
    },
    event: [{ listen: 'test', script: { type: 'text/javascript', exec: [TEST] } }],
  };
}
