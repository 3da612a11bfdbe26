import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Answer, createGateway, type Gateway, inject } from '../gateway.ts';

let gateway: Gateway;
beforeAll(async () => {
  gateway = await createGateway();
});
afterAll(() => gateway.close());
beforeEach(() => gateway.standIn.reset());

const ask = (path: string, headers: Record<string, string> = {}, method: 'GET' | 'HEAD' = 'GET') =>
  inject(gateway.server, `/bitbucket-api${path}`, { 'x-oanor-key': gateway.key, ...headers }, method);
const again = (path: string, { headers }: Answer, more: Record<string, string> = {}) =>
  ask(path, { 'if-none-match': headers.etag ?? '', ...more });
const sent = () => gateway.standIn.requests.map(({ target, headers }) => [target, headers['if-none-match']]);

const ROWS = [
  '/v1/repo?repo=acme/big',
  '/v1/repo/branches?repo=acme/big&page=2',
  '/v1/repo/commits?repo=acme/big',
  '/v1/repo/commits?repo=acme/big&page=2',
  '/v1/repo/forks?repo=acme/big',
  '/v1/repo/pullrequests?repo=acme/big',
  '/v1/repo/src?repo=acme/big',
  '/v1/repo/tags?repo=acme/big',
  '/v1/repo/watchers?repo=acme/big',
  '/v1/workspace?workspace=acme',
  '/v1/workspace/repos?workspace=acme',
];

describe('an answer that the caller has', () => {
  it.each(ROWS)('%s: 304, without a body of Bitbucket', async (path) => {
    const first = await ask(path);
    expect([first.status, first.headers.etag]).toEqual([
      200,
      expect.stringMatching(/^W\/"[\w-]{16}\.[\w-]+"$/),
    ]);
    gateway.standIn.reset();
    const second = await again(path, first);
    expect([second.status, second.text]).toEqual([304, '']);
    expect(second.headers.etag).toBe(first.headers.etag);
    // The last request is the one whose body is `data`; what leads to it is read whole.
    const tags = sent().map(([, tag]) => tag);
    expect(tags.at(-1)).toMatch(/^"[0-9a-f]{32}"$/);
    expect(tags.slice(0, -1).every((tag) => tag === undefined)).toBe(true);
  });

  it('/v1/meta: 304, asked of nobody', async () => {
    const first = await ask('/v1/meta');
    expect(first.headers.etag).toMatch(/^W\/"[\w-]{16}:[\w-]{43}"$/);
    expect((await again('/v1/meta', first)).status).toBe(304);
    expect(sent()).toEqual([]);
  });

  it('has the headers of a whole one, but no Link', async () => {
    const path = '/v1/repo/branches?repo=acme/big';
    const first = await ask(path);
    const { headers } = await again(path, first);
    expect(first.headers.link).toBeDefined();
    expect(headers.link).toBeUndefined();
    expect(headers['content-length']).toBeUndefined();
    for (const name of Object.keys(first.headers))
      if (name !== 'link' && name !== 'content-length') expect(headers[name], name).toBeDefined();
    expect(Number(headers['x-quota-remaining'])).toBe(Number(first.headers['x-quota-remaining']) - 1);
  });

  it('is the same in every encoding, in lines, and for HEAD', async () => {
    const path = '/v1/repo/tags?repo=acme/big';
    const first = await ask(path);
    for (const encoding of ['gzip', 'br', 'zstd']) {
      expect((await ask(path, { 'accept-encoding': encoding }, 'HEAD')).headers.etag).toBe(
        first.headers.etag,
      );
      expect((await again(path, first, { 'accept-encoding': encoding })).status).toBe(304);
    }
    expect((await again(`${path}&pretty=1`, first)).status).toBe(304);
    const head = await ask(path, {}, 'HEAD');
    expect([head.status, head.text, head.headers.etag]).toEqual([200, '', first.headers.etag]);
    expect(head.headers['content-length']).toBe(first.headers['content-length']);
    const known = { 'if-none-match': first.headers.etag ?? '' };
    expect((await ask(path, known, 'HEAD')).status).toBe(304);
  });

  it('is known by any, which never goes upstream, and by one of many', async () => {
    const path = '/v1/repo/tags?repo=acme/big';
    const first = await ask(path);
    gateway.standIn.reset();
    expect((await ask(path, { 'if-none-match': '*' })).status).toBe(304);
    expect(sent()).toEqual([[expect.any(String), undefined]]);
    const many = `"x", ${first.headers.etag?.slice(2)}, W/"y"`;
    expect((await ask(path, { 'if-none-match': many })).status).toBe(304);
  });
});

describe('an answer that the caller does not have', () => {
  it('comes whole when it changed', async () => {
    const path = '/v1/repo/tags?repo=acme/big';
    const first = await ask(path);
    const stale =
      first.headers.etag?.replace(/\..*"/, `.${Buffer.from('"old"').toString('base64url')}"`) ?? '';
    const { status, body } = await ask(path, { 'if-none-match': stale });
    expect([status, body.success]).toEqual([200, true]);
    expect(sent().at(-1)?.[1]).toBe('"old"');
  });

  it.each([
    ['another page', '/v1/repo/tags?repo=acme/big&pagelen=5'],
    ['another operation', '/v1/repo/branches?repo=acme/big'],
  ])('is not confirmed by the tag of %s', async (_what, other) => {
    const path = '/v1/repo/tags?repo=acme/big';
    const tag = (await ask(other)).headers.etag ?? '';
    gateway.standIn.reset();
    expect((await ask(path, { 'if-none-match': tag })).status).toBe(200);
    expect(sent()[0]?.[1]).toBeUndefined();
  });

  it('is not confirmed by what the caller made up', async () => {
    const path = '/v1/repo/tags?repo=acme/big';
    for (const tag of ['"x"', 'W/"a.b"', 'nonsense', '"', 'W/"*"']) {
      expect((await ask(path, { 'if-none-match': tag })).status).toBe(200);
    }
    expect(sent().every(([, tag]) => tag === undefined)).toBe(true);
  });
});

it('a refusal has no tag and is never a 304', async () => {
  const { status, headers } = await ask('/v1/repo/tags?repo=acme/nothing', { 'if-none-match': '*' });
  expect([status, headers.etag]).toEqual([404, undefined]);
});
