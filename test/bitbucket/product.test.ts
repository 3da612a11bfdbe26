import { afterAll, beforeAll, expect, it } from 'vitest';
import { createGateway, type Gateway } from '../gateway.ts';

let gateway: Gateway;
beforeAll(async () => {
  gateway = await createGateway();
});
afterAll(() => gateway.close());

const API = 'https://api.bitbucket.org/2.0';
const EVENT = `${API}/repositories/atlassian/atlassian-event`;

/** What the product page shows of each answer: figures, fields and the order of the outermost keys. */
it.each([
  [
    '/v1/repo?repo=atlassian%2Fatlassian-event',
    ['scm', 'name', 'size', 'slug', 'type', 'uuid', 'links'],
    {
      scm: 'git',
      name: 'Atlassian Event',
      size: 2849158,
      slug: 'atlassian-event',
      type: 'repository',
      uuid: '{3d76c1e2-d4bb-4baf-a957-ad7ba71f88c2}',
    },
  ],
  [
    '/v1/repo/branches?repo=atlassian%2Fatlassian-event',
    ['next', 'page', 'size', 'values'],
    {
      next: `${EVENT}/refs/branches?pagelen=30&page=2`,
      page: 1,
      size: 49,
      values: expect.arrayContaining([
        expect.objectContaining({
          name: '3.1.x',
          target: expect.objectContaining({
            hash: '8a22ad22211b98ff76223ca298c642230468cbd3',
            date: '2024-10-08T09:47:34+00:00',
          }),
        }),
      ]),
    },
  ],
  [
    '/v1/repo/commits?repo=atlassian%2Fatlassian-event',
    ['next', 'values'],
    {
      next: expect.stringMatching(/\/commits\?pagelen=30&page=2&ctx=[0-9a-f]{32}$/),
      values: expect.arrayContaining([
        expect.objectContaining({
          hash: 'd39478cc0180167a2104323cc78d67fb3716bb24',
          date: '2026-05-13T13:43:05+00:00',
        }),
      ]),
    },
  ],
  [
    '/v1/repo/forks?repo=atlassian%2Fatlassian-event',
    ['page', 'size', 'values', 'pagelen'],
    { page: 1, size: 0, values: [], pagelen: 30 },
  ],
  [
    '/v1/repo/pullrequests?repo=atlassian%2Fatlassian-event',
    ['page', 'size', 'values'],
    {
      page: 1,
      size: 6,
      values: expect.arrayContaining([expect.objectContaining({ id: 219, draft: false })]),
    },
  ],
  [
    '/v1/repo/src?repo=atlassian%2Fatlassian-event',
    ['ref', 'path', 'count', 'entries'],
    {
      ref: 'master',
      path: '/',
      count: 2,
      entries: [
        {
          path: '.gitignore',
          size: 19,
          type: 'commit_file',
          commit: '8047fe879513ff5a470b7994aedef94fdcab9b72',
        },
        {
          path: 'README.md',
          size: 187,
          type: 'commit_file',
          commit: '8047fe879513ff5a470b7994aedef94fdcab9b72',
        },
      ],
    },
  ],
  [
    '/v1/repo/tags?repo=atlassian%2Fatlassian-event',
    ['next', 'page', 'size', 'values'],
    {
      next: `${EVENT}/refs/tags?pagelen=30&page=2`,
      page: 1,
      size: 91,
      values: expect.arrayContaining([
        expect.objectContaining({
          date: null,
          name: 'atlassian-event-0.2',
          tagger: null,
          target: expect.objectContaining({ hash: '7603a42e6ae2e4b8239fd97ad0de9dc46fe2cbec' }),
        }),
      ]),
    },
  ],
  [
    '/v1/repo/watchers?repo=atlassian%2Fatlassian-event',
    ['page', 'size', 'values'],
    {
      page: 1,
      size: 2,
      values: [
        expect.objectContaining({ type: 'team', username: 'atlassian' }),
        expect.objectContaining({ type: 'user', uuid: '{4d37aca5-6370-453b-8561-85c1beacaf2c}' }),
      ],
    },
  ],
  [
    '/v1/workspace?workspace=atlassian',
    ['name', 'slug', 'type', 'uuid', 'links', 'created_on', 'is_private'],
    {
      name: 'Atlassian',
      uuid: '{02b941e3-cfaa-40f9-9a58-cec53e20bdc3}',
      created_on: '2018-11-29T02:26:39.297476+00:00',
      is_private: true,
    },
  ],
  [
    '/v1/workspace/repos?workspace=atlassian',
    ['next', 'page', 'size', 'values'],
    {
      next: `${API}/repositories/atlassian?sort=-updated_on&pagelen=30&page=2`,
      page: 1,
      size: 408,
      values: expect.arrayContaining([
        expect.objectContaining({
          name: 'atlassian-connect-spring-boot',
          size: 9008523,
          uuid: '{4b29f711-fe1c-43aa-bc77-5db7a7430fed}',
        }),
      ]),
    },
  ],
  ['/v1/meta', ['auth', 'name', 'note', 'source', 'endpoints'], { name: 'Bitbucket API', endpoints: 11 }],
])('%s answers as published', async (path, keys, fields) => {
  const { status, body } = await gateway.get(path);
  expect(status).toBe(200);
  expect(Object.keys(body.data).slice(0, keys.length)).toEqual(keys);
  expect(body.data).toMatchObject(fields);
});
