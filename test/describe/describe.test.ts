import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliDecompressSync, gunzipSync, zstdDecompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openApiOf } from '../../src/describe/openapi.ts';
import { codeOf, FAILURE_NAMES, FAILURES } from '../../src/domain/failure.ts';
import { type Json, parametersOf } from '../../src/endpoints/parameters.ts';
import { parseInput } from '../../src/endpoints/parse-input.ts';
import { table } from '../../src/endpoints/table.ts';
import { getUsage } from '../../src/endpoints/usage.ts';
import { createGateway, type Gateway } from '../gateway.ts';

interface PostmanCollection {
  readonly auth: Json;
  readonly variable: readonly { readonly key: string; readonly value: string }[];
  readonly item: readonly {
    readonly item: readonly {
      readonly request: {
        readonly url: {
          readonly path: readonly string[];
          readonly query: readonly {
            readonly key: string;
            readonly value: string;
            readonly disabled: boolean;
          }[];
        };
      };
    }[];
  }[];
}

let gateway: Gateway;
beforeAll(async () => {
  gateway = await createGateway();
});
afterAll(() => gateway.close());

const description = openApiOf(table, '1.0.0');
const text = JSON.stringify(description);

describe('the description', () => {
  it('on disk says what the table says', () => {
    const { status, stderr } = spawnSync(process.execPath, ['openapi/write.ts', '--check'], {
      cwd: join(import.meta.dirname, '../..'),
    });
    expect([status, stderr.toString()]).toEqual([0, '']);
    const file = readFileSync(join(import.meta.dirname, '../../openapi/openapi.json'), 'utf8');
    expect(JSON.parse(file)).toEqual(description);
  });

  it('resolves each of its references', () => {
    const references = [...text.matchAll(/"\$ref":"#\/([^"]+)"/g)].map((match) => match[1] ?? '');
    expect(references.length).toBeGreaterThan(100);
    for (const reference of new Set(references)) {
      const found = reference
        .split('/')
        .reduce<unknown>((value, name) => (value as Json | undefined)?.[name], description);
      expect(found, reference).toBeDefined();
    }
  });

  it('holds each row with its parameters, and none of zod’s noise', () => {
    const paths = description.paths as Record<
      string,
      { get: { operationId: string; parameters: { name?: string }[] } }
    >;
    for (const row of table) {
      const operation = paths[row.path]?.get;
      expect(operation?.operationId).toBe(row.operationId);
      const named = operation?.parameters.flatMap(({ name }) => name ?? []);
      expect(named).toEqual(Object.keys(row.input.shape));
    }
    expect(text).not.toMatch(/9007199254740991|\$schema|\$defs/);
  });
});

describe('each operation', () => {
  interface Operation {
    readonly operationId: string;
    readonly parameters: readonly { name?: string; $ref?: string; example?: unknown; schema?: Json }[];
    readonly responses: Readonly<Record<string, { headers?: Json; $ref?: string }>>;
  }
  const operations = Object.values(
    description.paths as Readonly<Record<string, { readonly get: Operation }>>,
  ).map(({ get }) => get);

  it('can be asked with `If-None-Match` and answered with 304', () => {
    for (const { operationId, parameters, responses } of operations) {
      if (operationId === 'getUsage') continue;
      expect(parameters.at(-1)).toEqual({ $ref: '#/components/parameters/IfNoneMatch' });
      for (const status of ['200', '304']) {
        expect(Object.keys(responses[status]?.headers ?? {})).toEqual(
          expect.arrayContaining(['etag', 'cache-control', 'x-request-id', 'ratelimit']),
        );
      }
    }
  });

  it('has numbers where numbers are meant', () => {
    const types = operations.flatMap(({ parameters }) =>
      parameters
        .filter(({ name }) => name === 'page' || name === 'pagelen')
        .map(({ name, example, schema }) => `${name} ${schema?.type} ${typeof example}`),
    );
    expect(new Set(types)).toEqual(
      new Set(['page integer number', 'pagelen integer number', 'page string undefined']),
    );
  });

  it('names every code of the table, each with its message', () => {
    const { responses, securitySchemes } = description.components as Readonly<Record<string, Json>>;
    const told = JSON.stringify(responses);
    for (const name of FAILURE_NAMES) {
      expect(told).toContain(`"code":"${codeOf(name)}"`);
      expect(told).toContain(JSON.stringify(FAILURES[name].example));
    }
    expect(Object.keys(securitySchemes ?? {})).toEqual(['oanorKey', 'bearer']);
  });
});

it.each(
  table.flatMap((row) => {
    const given = parametersOf(row).filter(({ example }) => example !== undefined);
    return given.map(({ name }) => [row.operationId, name, row, given] as const);
  }),
)('%s: the example of `%s` is taken', (_operation, name, row, given) => {
  const wanted = given.filter((parameter) => parameter.required || parameter.name === name);
  const query = wanted.map(
    (parameter) => `${parameter.name}=${encodeURIComponent(String(parameter.example))}`,
  );
  expect(parseInput(row, query.join('&'))).toHaveProperty(name);
});

it.each([
  ['getRepository', '/v1/repo?repo=atlassian/atlassian-event'],
  ['getRepository', '/v1/repo?repo=acme/empty'],
  ['listBranches', '/v1/repo/branches?repo=acme/big'],
  ['listCommits', '/v1/repo/commits?repo=acme/big'],
  ['listForks', '/v1/repo/forks?repo=acme/big'],
  ['listPullRequests', '/v1/repo/pullrequests?repo=acme/big'],
  ['getFileTree', '/v1/repo/src?repo=acme/big'],
  ['getFileTree', '/v1/repo/src?repo=acme/empty'],
  ['listTags', '/v1/repo/tags?repo=acme/big'],
  ['listWatchers', '/v1/repo/watchers?repo=atlassian/atlassian-event'],
  ['getWorkspace', '/v1/workspace?workspace=acme'],
  ['listWorkspaceRepositories', '/v1/workspace/repos?workspace=atlassian'],
  ['getMeta', '/v1/meta'],
])('%s describes what %s answers', async (operation, path) => {
  const { body } = await gateway.get(path);
  const row = table.find(({ operationId }) => operationId === operation);
  expect(row?.data.safeParse(body.data)).toHaveProperty('success', true);
});

it('each row is shown in eight languages', () => {
  const paths = description.paths as Readonly<
    Record<string, { get: { 'x-codeSamples': { lang: string; source: string }[] } }>
  >;
  for (const row of table) {
    const samples = paths[row.path]?.get['x-codeSamples'] ?? [];
    expect(samples.map(({ lang }) => lang)).toEqual([
      'Shell',
      'TypeScript',
      'Python',
      'Go',
      'Java',
      'C#',
      'Ruby',
      'PHP',
    ]);
    for (const { source } of samples) expect(source).toContain(`/bitbucket-api${row.path}`);
  }
});

describe('each sample', () => {
  const operations = Object.values(description.paths as Readonly<Record<string, { readonly get: Json }>>);
  const sampled = operations.map(({ get }) => {
    const { 200: answer } = get.responses as Readonly<Record<number, { content: Record<string, Json> }>>;
    return [String(get.operationId), answer?.content['application/json']?.example as Json] as const;
  });

  it.each(sampled)('of %s is what its row answers', (operationId, sample) => {
    const row = [...table, getUsage].find((one) => one.operationId === operationId);
    expect(row?.data.safeParse(sample.data)).toHaveProperty('success', true);
    expect(Object.keys(sample)).toEqual(['data', 'meta', 'status', 'message', 'success']);
    expect(sample.message).toBe(row?.message);
  });

  it('stands in llms-full.txt, and each curl line has a host', async () => {
    const { body } = await gateway.server.inject('/bitbucket-api/llms-full.txt');
    expect(body.match(/\*\*Response:\*\*\n```json\n/g)).toHaveLength(11);
    const lines = [...body.matchAll(/^ {2}"(.*)"$/gm)].map((match) => match[1]);
    expect(lines).toHaveLength(11);
    for (const line of lines) expect(line).toMatch(/^https:\/\/api\.oanor\.com\/bitbucket-api\/v1/);
  });
});

/** Where the console's own script is, behind the base path. */
const scriptOf = (html: string) => `/docs/${/src="(scalar-[0-9a-f]{16}\.js)"/.exec(html)?.[1]}`;

describe('pages for everyone', () => {
  const page = async (path: string, headers = {}) =>
    gateway.server.inject({ url: `/bitbucket-api${path}`, headers });

  it('openapi.json is the description', async () => {
    expect((await page('/openapi.json')).json()).toEqual(description);
  });

  it('llms.txt names a page for each operation, and each is there', async () => {
    const { body, headers } = await page('/llms.txt');
    expect(headers['content-type']).toBe('text/plain; charset=utf-8');
    expect(body).toMatch(/^# Bitbucket API\n\n> /);
    const links = [...body.matchAll(/\((\/bitbucket-api(\/llms\/\w+\.md))\)/g)].map(
      (match) => match[2] ?? '',
    );
    expect(links).toHaveLength(11);
    for (const link of links) expect((await page(link)).statusCode).toBe(200);
  });

  it('postman.json has each call with an example of every parameter, what is optional switched off', async () => {
    const { item, auth, variable } = (await page('/postman.json')).json() as PostmanCollection;
    const calls = item.flatMap((folder) => folder.item.map(({ request }) => request));
    const rows = [...table, getUsage];
    expect(calls.map(({ url }) => `/${url.path.join('/')}`).sort()).toEqual(
      rows.map(({ path }) => path).sort(),
    );
    for (const row of rows) {
      const { url } = calls.find((call) => `/${call.url.path.join('/')}` === row.path) ?? {};
      expect(url?.query.map(({ key, value, disabled }) => [key, value, disabled])).toEqual(
        parametersOf(row).map(({ name, required, example = '' }) => [name, String(example), !required]),
      );
    }
    expect(JSON.stringify(auth)).toContain('{{key}}');
    expect(variable).toEqual([
      { key: 'baseUrl', value: 'https://api.oanor.com/bitbucket-api' },
      { key: 'key', value: '' },
    ]);
  });

  it('llms-full.txt has every path and plan', async () => {
    const { body } = await page('/llms-full.txt');
    for (const row of table) expect(body).toContain(`#### \`GET ${row.path}\` — ${row.summary}`);
    expect(body).toContain('- **Starter** ($10/Mo) — 51,000 calls/Mo, 8 req/s');
  });

  it('docs tells a newcomer what to do first, and every code in a table with its page', async () => {
    const { body } = await page('/docs');
    for (const one of ['<title>', '<h1', '<main>']) expect(body.split(one)).toHaveLength(2);
    const [first = '', codes = ''] = body.split('<h2 id="codes">');
    expect(first).toMatch(/<input id="key"[\s\S]*\/v1\/repo\?repo=[\s\S]*rel="next"/);
    for (const name of FAILURE_NAMES) expect(codes).toContain(`href="docs/errors/${codeOf(name)}.md"`);
    expect(codes.match(/<tr><td>\d{3}/g)).toHaveLength(FAILURE_NAMES.length);
  });

  it('docs has every endpoint in itself: what it takes, eight samples, an answer, and where it is tried', async () => {
    const { body } = await page('/docs');
    for (const row of table) {
      const [, article = ''] = new RegExp(`<h4 id="${row.operationId}">([^]*?)</article>`).exec(body) ?? [];
      expect(article).toContain(`<code>GET ${row.path}</code>`);
      expect([...article.matchAll(/<dt><code>(\w+)</g)].map((match) => match[1])).toEqual(
        parametersOf(row).flatMap(({ name }) => (name === 'pretty' ? [] : [name])),
      );
      expect(article.match(/<pre class="sample in-\d"/g)).toHaveLength(8);
      expect(article).toContain('<summary>An answer</summary>');
      expect(article).toContain(`href="docs/console#tag/${row.tag.toLowerCase()}/GET${row.path}"`);
    }
    expect(body.match(/<code>pretty=1<\/code>/g)).toHaveLength(1);
    for (const [, id] of body.matchAll(/href="#(\w+)"/g)) expect(body).toContain(`id="${id}"`);
  });

  it('docs loads nothing beside itself but the console, and that when it comes into sight', async () => {
    const { body, headers } = await page('/docs');
    expect(body.match(/<\w+[^>]* src="[^"]*"[^>]*>/g)).toEqual([
      '<iframe name="console" title="Console" src="docs/console" loading="lazy">',
    ]);
    const policy = String(headers['content-security-policy']);
    expect(policy).toMatch(/default-src 'none'.*style-src 'sha256-.*script-src 'sha256-/);
    expect(policy).not.toMatch(/unsafe|connect-src/);
  });

  it('the console asks nothing of other hosts, and its script may be kept for ever', async () => {
    const { body, headers } = await page('/docs/console');
    expect(body).not.toMatch(/(?:src|href)="https?:/);
    expect(headers['content-security-policy']).toMatch(/default-src 'none'.*script-src 'self' 'sha256-/);
    const name = scriptOf(body);
    const plain = await page(name);
    const brotli = await page(name, { 'accept-encoding': 'gzip, br' });
    expect(brotli.headers).toMatchObject({
      'content-encoding': 'br',
      'cache-control': 'public, max-age=31536000, immutable',
      vary: 'accept-encoding',
    });
    expect(brotliDecompressSync(brotli.rawPayload).equals(plain.rawPayload)).toBe(true);
    expect(plain.headers['content-encoding']).toBeUndefined();
    expect((await page('/docs/scalar-0.js')).statusCode).toBe(404);
  });

  it.each(['/llms.txt', '/openapi.json', '/docs', '/docs/console'])(
    '%s: 304 to who has it already, however it says so',
    async (path) => {
      const { headers } = await page(path, { 'accept-encoding': 'gzip' });
      const strong = String(headers.etag).replace('W/', '');
      for (const condition of [headers.etag, strong, `"other", ${headers.etag}`, '*']) {
        const { statusCode, body } = await page(path, { 'if-none-match': condition });
        expect([condition, statusCode, body]).toEqual([condition, 304, '']);
      }
      expect((await page(path, { 'if-none-match': '"other"' })).statusCode).toBe(200);
    },
  );

  it.each([
    ['gzip', gunzipSync, 'gzip'],
    ['*', gunzipSync, 'gzip'],
    ['gzip, deflate, br, zstd', brotliDecompressSync, 'br'],
    ['zstd', zstdDecompressSync, 'zstd'],
  ] as const)(
    '%s gets openapi.json, llms-full.txt and the script compressed',
    async (accept, unpack, encoding) => {
      const script = scriptOf((await page('/docs/console')).body);
      for (const path of ['/openapi.json', '/llms-full.txt', script]) {
        const plain = await page(path);
        const packed = await page(path, { 'accept-encoding': accept });
        expect([packed.headers['content-encoding'], packed.headers.vary]).toEqual([
          encoding,
          'accept-encoding',
        ]);
        expect(packed.rawPayload.length * 3).toBeLessThan(plain.rawPayload.length);
        expect(unpack(packed.rawPayload).equals(plain.rawPayload)).toBe(true);
      }
    },
  );
});

describe('compression', () => {
  it.each([
    ['gzip', gunzipSync],
    ['br', brotliDecompressSync],
    ['zstd', zstdDecompressSync],
  ] as const)('%s keeps every byte', async (encoding, unpack) => {
    const url = '/bitbucket-api/v1/repo/branches?repo=acme/big';
    const { rawPayload, headers } = await gateway.server.inject({
      url,
      headers: { 'x-oanor-key': gateway.key, 'accept-encoding': encoding },
    });
    expect([headers['content-encoding'], headers.vary]).toEqual([encoding, 'accept-encoding']);
    expect(rawPayload.length).toBe(Number(headers['content-length']));
    expect(JSON.parse(unpack(rawPayload).toString()).data.size).toBe(249);
  });
});
