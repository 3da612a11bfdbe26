import { hash } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createGateway, type Gateway, inject } from '../gateway.ts';

let gateway: Gateway;
beforeAll(async () => {
  gateway = await createGateway();
});
afterEach(() => gateway.standIn.reset());
afterAll(() => gateway.close());

/** What stands between the head and the tail of an envelope, as bytes. */
const dataOf = (text: string) => text.slice('{"data":'.length, text.lastIndexOf(',"meta":{'));
const targets = () => gateway.standIn.requests.map(({ target }) => target);

/** Follows `Link` from a first page to the last; the given key of all values. */
async function walk(path: string, valuesOf: (data: never) => readonly unknown[]): Promise<unknown[]> {
  const all: unknown[] = [];
  let url: string | undefined = `/bitbucket-api${path}`;
  for (let pages = 0; url !== undefined; pages += 1) {
    expect(pages).toBeLessThan(50);
    const answer = await inject(gateway.server, url, { 'x-oanor-key': gateway.key });
    expect(answer.status).toBe(200);
    all.push(...valuesOf(answer.body.data as never));
    url = /<([^>]+)>; rel="next"/.exec(answer.headers.link ?? '')?.[1];
  }
  return all;
}

describe('bytes', () => {
  it.each([
    ['/v1/repo?repo=acme/exact', '/repositories/acme/exact'],
    ['/v1/repo/branches?repo=acme/big', '/repositories/acme/big/refs/branches?pagelen=30'],
    ['/v1/repo/commits?repo=acme/big', '/repositories/acme/big/commits?pagelen=30'],
    ['/v1/repo/forks?repo=acme/big', '/repositories/acme/big/forks?pagelen=30'],
    ['/v1/repo/pullrequests?repo=acme/big', '/repositories/acme/big/pullrequests?pagelen=30'],
    ['/v1/repo/tags?repo=acme/big', '/repositories/acme/big/refs/tags?pagelen=30'],
    ['/v1/repo/watchers?repo=acme/big', '/repositories/acme/big/watchers?pagelen=30'],
    ['/v1/workspace?workspace=acme', '/workspaces/acme'],
    ['/v1/workspace/repos?workspace=atlassian', '/repositories/atlassian?sort=-updated_on&pagelen=30'],
  ])('%s passes %s through', async (path, target) => {
    const answer = await gateway.get(path);
    expect(targets()).toEqual([`/2.0${target}`]);
    const upstream = await fetchUpstream(`/2.0${target}`);
    expect(dataOf(answer.text)).toBe(upstream);
  });

  it('keeps a number beyond 2^53, an escape, a raw U+2028 and white space', async () => {
    const { text } = await gateway.get('/v1/repo?repo=acme/exact');
    expect(dataOf(text)).toBe(
      '{"size": 12345678901234567890, "name":"\\u00e9\u2028", "a":1.0, "type":"repository","mainbranch":null}',
    );
  });

  it.each([
    ['cut off', '{"values": [1, 2'],
    ['an array', '[]'],
    ['two values', '{} {}'],
    ['nothing', ''],
    ['half a character', Buffer.from([0x7b, 0x22, 0x61, 0x22, 0x3a, 0x22, 0xc3, 0x22, 0x7d])],
  ])('a body that is %s never leaves as a 200', async (_name, body) => {
    const broken = (_request: unknown, response: ServerResponse) =>
      response.writeHead(200, { 'content-type': 'application/json' }).end(body);
    gateway.standIn.fault('/repositories', broken, 4);
    const { status, body: envelope } = await gateway.get('/v1/repo?repo=acme/big');
    expect([status, envelope.meta.code]).toEqual([502, 'upstream_failed']);
  });
});

async function fetchUpstream(target: string): Promise<string> {
  const { get } = await import('node:https');
  const url = new URL(target, gateway.standIn.url);
  return new Promise((resolve) => {
    get(url, { ca: gateway.standIn.certificate.cert }, async (response) => {
      let text = '';
      for await (const chunk of response.setEncoding('utf8')) text += chunk;
      resolve(text);
    });
  });
}

describe('walking Link collects every item once', () => {
  it.each([
    ['/v1/repo/branches?repo=acme/big&pagelen=100', 249, 'name'],
    ['/v1/repo/branches?repo=acme/big&pagelen=7', 249, 'name'],
    ['/v1/repo/commits?repo=acme/big&pagelen=100', 503, 'hash'],
    ['/v1/repo/commits?repo=acme/big&ref=main', 252, 'hash'],
    ['/v1/repo/pullrequests?repo=acme/big&pagelen=100&state=open,merged', 120, 'id'],
    ['/v1/workspace/repos?workspace=atlassian&pagelen=100', 408, 'slug'],
  ])('%s: %i', async (path, count, key) => {
    const values = await walk(path, (data: { values: readonly Record<string, unknown>[] }) =>
      data.values.map((value) => value[key]),
    );
    expect(values).toHaveLength(count);
    expect(new Set(values).size).toBe(count);
  });

  it('237 entries of one directory', async () => {
    const entries = await walk(
      '/v1/repo/src?repo=acme/big&path=/many/',
      (data: { entries: readonly { path: string }[] }) => data.entries.map(({ path }) => path),
    );
    expect(entries).toHaveLength(237);
    expect(new Set(entries).size).toBe(237);
  });

  it('gives prev and first on numeric lists, absolute with PUBLIC_URL', async () => {
    const { headers } = await gateway.get('/v1/repo/branches?repo=acme/big&page=2&pagelen=100&pretty=1');
    const at = (page: number) =>
      `</bitbucket-api/v1/repo/branches?repo=acme%2Fbig&pagelen=100&pretty=1&page=${page}>`;
    expect(headers.link).toBe(`${at(3)}; rel="next", ${at(1)}; rel="prev", ${at(1)}; rel="first"`);
    const other = await createGateway({ publicUrl: 'https://api.example.com' });
    const absolute = await other.get('/v1/repo/branches?repo=acme/big');
    expect(absolute.headers.link).toMatch(
      /^<https:\/\/api\.example\.com\/bitbucket-api\/v1\/repo\/branches\?/,
    );
    await other.close();
  });

  it('follows no link to another host', async () => {
    gateway.standIn.fault('/refs/tags', (_request, response) => {
      const body = { next: 'https://evil.example/2.0/x?page=2', values: [], page: 1 };
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    });
    const { status, headers, body } = await gateway.get('/v1/repo/tags?repo=acme/big');
    expect([status, body.data.next]).toEqual([200, 'https://evil.example/2.0/x?page=2']);
    expect(headers.link).not.toContain('rel="next"');
  });
});

describe('commits', () => {
  it('a cursor with a plus, a slash and an equals sign comes back as it was', async () => {
    const next = 'https://api.bitbucket.org/2.0/repositories/acme/big/commits?page=2&ctx=ab+c/d=';
    const page = JSON.stringify({ next, values: [] });
    gateway.standIn.fault(
      '/commits?',
      (_request, response) => {
        response.writeHead(200, { 'content-type': 'application/json' }).end(page);
      },
      2,
    );
    const { headers } = await gateway.get('/v1/repo/commits?repo=acme/big');
    const url = /<([^>]+)>; rel="next"/.exec(headers.link ?? '')?.[1] ?? '';
    expect((await inject(gateway.server, url, { 'x-oanor-key': gateway.key })).status).toBe(200);
    expect(targets().at(-1)).toBe('/2.0/repositories/acme/big/commits?pagelen=30&page=2&ctx=ab%2Bc%2Fd%3D');
  });

  it.each(['page=2&ctx=%0A', 'page=x&ctx=a', 'page=2', `page=2&ctx=${'x'.repeat(2_000)}`])(
    'what we would not take back is no link: %#',
    async (query) => {
      const next = `https://api.bitbucket.org/2.0/repositories/acme/big/commits?${query}`;
      gateway.standIn.fault('/commits?', (_request, response) => {
        const body = JSON.stringify({ next, values: [] });
        response.writeHead(200, { 'content-type': 'application/json' }).end(body);
      });
      const { status, headers } = await gateway.get('/v1/repo/commits?repo=acme/big');
      expect([status, headers.link]).toEqual([200, undefined]);
    },
  );

  it('page=N alone reads page 1 first for the cursor', async () => {
    const third = await gateway.get('/v1/repo/commits?repo=acme/big&pagelen=100&page=3');
    expect(targets()).toHaveLength(2);
    expect(third.body.data.values[0].hash).toBe(
      gateway.standIn.world.repos.get('acme/big')?.commits[200]?.hash,
    );
  });

  it('a page behind the end of a short list is empty', async () => {
    const { status, body } = await gateway.get('/v1/repo/commits?repo=acme/slash-main&page=2');
    expect([status, body.data]).toEqual([200, { pagelen: 30, values: [], page: 2 }]);
  });

  it('an unknown ref is Bitbucket’s 404 in its words', async () => {
    const { status, body } = await gateway.get('/v1/repo/commits?repo=acme/big&ref=no/such');
    expect([status, body.meta.code]).toEqual([404, 'upstream_not_found']);
    expect(body.message).toContain('Commit not found');
  });
});

describe('pull requests', () => {
  it('asks for 50 at most, and the answer says what was given', async () => {
    const { body } = await gateway.get('/v1/repo/pullrequests?repo=acme/big&pagelen=100&state=open');
    expect(targets()).toEqual(['/2.0/repositories/acme/big/pullrequests?state=OPEN&pagelen=50']);
    expect(body.data.pagelen).toBe(50);
  });

  it('writes the states into a query, which Bitbucket would let win', async () => {
    const q = encodeURIComponent('title ~ "Pull request 99"');
    const { body } = await gateway.get(`/v1/repo/pullrequests?repo=acme/big&state=merged&q=${q}`);
    expect(body.data.size).toBe(5);
    expect(body.data.values.every(({ state }: { state: string }) => state === 'MERGED')).toBe(true);
  });
});

describe('src', () => {
  const src = (query: string) => gateway.get(`/v1/repo/src?repo=acme/big${query}`);

  it.each([
    ['', 'main', '/'],
    ['&ref=feature/x&path=v1.0', 'feature/x', 'v1.0'],
    ['&ref=release/1&path=/odd/', 'release/1', 'odd'],
    ['&ref=odd@name', 'odd@name', '/'],
    ['&path=..foo', 'main', '..foo'],
  ])('%s lists', async (query, ref, path) => {
    const { status, body } = await src(query);
    expect([status, body.data.ref, body.data.path]).toEqual([200, ref, path]);
    expect(body.data.count).toBe(body.data.entries.length);
    expect(body.data.count).toBeGreaterThan(0);
  });

  it('a branch comes before a tag of the same name', async () => {
    const { body } = await gateway.get('/v1/repo/src?repo=acme/slash-main&ref=release/main');
    expect(body.data.entries).toHaveLength(1);
  });

  it('takes the main branch with a slash', async () => {
    const { body } = await gateway.get('/v1/repo/src?repo=acme/slash-main');
    expect(body.data).toMatchObject({ ref: 'release/main', count: 1 });
  });

  it('an empty repository has no entries', async () => {
    const { status, body } = await gateway.get('/v1/repo/src?repo=acme/empty');
    expect([status, body.data]).toEqual([200, { ref: null, path: '/', count: 0, entries: [] }]);
  });

  it.each(['imitation.json', 'README.md'])('the file %s is refused by name', async (path) => {
    const { status, body } = await src(`&path=${path}`);
    expect([status, body.meta.code]).toEqual([400, 'not_a_directory']);
  });

  it('asks for meta where a JSON file comes without its name', async () => {
    const imitation = '{"pagelen":10,"values":[{"path":"fake","type":"commit_file","commit":{"hash":"x"}}]}';
    gateway.standIn.fault('imitation.json?pagelen', (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' }).end(imitation);
    });
    expect((await src('&path=imitation.json')).body.meta.code).toBe('not_a_directory');
  });

  it('asks for meta of a dotted directory once, not on each page', async () => {
    const first = await src('&path=v1.0&pagelen=1');
    expect(targets().filter((target) => target.includes('format=meta'))).toHaveLength(1);
    gateway.standIn.requests.length = 0;
    const second = await src(`&path=v1.0&pagelen=1&page=${first.body.data.next}`);
    expect(second.status).toBe(200);
    expect(targets()).toHaveLength(1);
    expect(targets()[0]).not.toContain('format=meta');
  });

  it.each(['null', '["..","1","x"]', '{"0":"a"}', '["main","1","x"]'])(
    'a token forged around %s is refused without asking Bitbucket',
    async (text) => {
      const checksum = hash('sha256', `acme\nbig\n\n\n${text}`, 'base64url').slice(0, 12);
      const page = Buffer.from(checksum + text).toString('base64url');
      const { status, body } = await src(`&page=${page}`);
      expect([status, body.meta.details?.[0]?.parameter]).toEqual([400, 'page']);
      expect(targets()).toEqual([]);
    },
  );

  it('stays at its commit when something is pushed in between', async () => {
    const first = await src('&path=many');
    const repo = gateway.standIn.world.repos.get('acme/big');
    const { commit } = first.body.data.entries[0];
    await src(`&path=many&page=${first.body.data.next}`);
    expect(commit).toBe(repo?.head);
    expect(targets().at(-1)).toContain(`/src/${commit}/many`);
  });

  it.each([
    ['made up', () => 'bm9uc2Vuc2U'],
    ['damaged', (token: string) => `${token.slice(0, -2)}AA`],
    ['of another path', (token: string) => `${token}&path=odd`],
    ['of another repository', (token: string) => `${token}`],
  ])('a token that is %s is refused without asking Bitbucket', async (name, change) => {
    const { next } = (await src('&path=many')).body.data;
    gateway.standIn.requests.length = 0;
    const repo = name === 'of another repository' ? 'acme/other' : 'acme/big';
    const path = name === 'of another path' ? '' : '&path=many';
    const { status, body } = await gateway.get(`/v1/repo/src?repo=${repo}${path}&page=${change(next)}`);
    expect([status, body.meta.details?.[0]?.parameter]).toEqual([400, 'page']);
    expect(targets()).toEqual([]);
  });
});

describe('refusals before any upstream call', () => {
  const long = 'x'.repeat(5_000);
  it.each([
    ...['0', '101', '-1', 'x', '1e2', '0x10', '5.5', '', '+5', ' 5', '5&pagelen=5', '٣'].map((value) => [
      'pagelen',
      `/v1/repo/tags?repo=a/b&pagelen=${value === '+5' ? '%2B5' : value}`,
    ]),
    ...[
      '',
      'a',
      'a/b/c',
      '../b',
      'a/..',
      'a/%2e%2e',
      '%2e%2e/b',
      'a/%252e%252e',
      'a/b%00',
      'a/b%0d%0ax',
      'a/b%0a',
      long,
    ].map((repo) => ['repo', `/v1/repo?repo=${repo}`]),
    ...[
      'https://github.com/a/b',
      'https://bitbucket.org.evil.com/a/b',
      'https://bitbucket.org@evil.com/a/b',
      'https://evil.com/bitbucket.org/a/b',
      'https://evil.com%23@bitbucket.org.evil.com/a/b',
      'https://bitbucket.org%5C@evil.com/a/b',
      '//evil.com/a/b',
      'git@github.com:a/b.git',
      'ftp://bitbucket.org/a/b',
      'https://bitbucket.org/a',
      'https://bitbucket.org/a/workspace/projects',
      'https://bitbucket.org/account/user',
      'https://bitbucket.org/dashboard/overview',
      'https://git.example.com/projects/X/repos/y',
      'https://git.example.com/scm/x/y.git',
      'ⓑitbucket.org/a/b',
    ].map((repo) => ['repo', `/v1/repo?repo=${encodeURIComponent(repo)}`]),
    ...['..', 'a/../b', './a', 'a/%2e%2e/b', '..%252fa', 'a%00', 'a%0d%0a', long].map((path) => [
      'path',
      `/v1/repo/src?repo=a/b&path=${path}`,
    ]),
    ...['', '..', 'a/../b', 'a..b', 'a%20b', 'a~1', 'a%00', 'a%0d%0ab', '%252e%252e', long].map((ref) => [
      'ref',
      `/v1/repo/src?repo=a/b&ref=${ref}`,
    ]),
    ['state', '/v1/repo/pullrequests?repo=a/b&state=OPEN,NONE'],
    ['sort', '/v1/repo/tags?repo=a/b&sort=a,b'],
    ['fields', '/v1/repo?repo=a/b&fields=values'],
    ['per_page', '/v1/repo/tags?repo=a/b&per_page=5'],
    ['repo', '/v1/repo?repo=a/b&repo=c/d'],
    ['repo', '/v1/repo?repo=%zz'],
    ['pretty', '/v1/repo?repo=a/b&pretty=yes'],
    ['__proto__', '/v1/repo?repo=a/b&__proto__=1'],
    ['page', '/v1/repo/tags?repo=a/b&page=0'],
    ['ctx', '/v1/repo/tags?repo=a/b&ctx=1'],
    ['ctx', '/v1/repo/commits?repo=a/b&ctx=1'],
    ['workspace', '/v1/workspace?workspace=a/b/c'],
  ])('%s in %s', async (parameter, path) => {
    const { status, body } = await gateway.get(encodeURI(path).replaceAll('%25', '%'));
    expect([status, body.meta.code]).toEqual([400, 'invalid_request']);
    expect(body.meta.details?.map((detail) => detail.parameter)).toContain(parameter);
    expect(targets()).toEqual([]);
  });

  it('names the parameter that was probably meant', async () => {
    const { body } = await gateway.get('/v1/repo/tags?repo=a/b&pagelenn=5');
    expect(body.message).toContain('`pagelen`');
  });
});
