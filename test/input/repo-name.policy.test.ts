import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseRepoName } from '../../src/input/repo-name.ts';
import { parseWorkspace } from '../../src/input/workspace.ts';

const WS_UUID = '{02b941e3-cfaa-40f9-9a58-cec53e20bdc3}';
const REPO_UUID = '{3d76c1e2-d4bb-4baf-a957-ad7ba71f88c2}';

describe('what people paste', () => {
  it.each([
    'ws/slug',
    '/ws/slug/',
    '  WS/Slug ',
    'https://bitbucket.org/ws/slug',
    'https://bitbucket.org/ws/slug/',
    'http://www.bitbucket.org/ws/slug?x=1#y',
    'HTTPS://BITBUCKET.ORG/WS/SLUG',
    'https://bitbucket.org:443/ws/slug',
    'https://bitbucket.org/ws/slug.git',
    'https://user@bitbucket.org/ws/slug.git',
    'https://user:secret@bitbucket.org/ws/slug.git',
    'git@bitbucket.org:ws/slug.git',
    'ssh://git@bitbucket.org/ws/slug.git',
    'ssh://git@altssh.bitbucket.org:443/ws/slug.git',
    'git+https://bitbucket.org/ws/slug.git',
    'git+ssh://git@bitbucket.org/ws/slug.git#main',
    'git://bitbucket.org/ws/slug',
    'bitbucket:ws/slug#ref',
    'bitbucket.org/ws/slug',
    'https://bitbucket.org/ws/slug/src/main/a/b',
    'https://bitbucket.org/ws/slug/src/abc/dir?at=feature%2Fx',
    'https://bitbucket.org/ws/slug/branch/feature/x',
    'https://bitbucket.org/ws/slug/pull-requests/12/diff',
    'https://api.bitbucket.org/2.0/repositories/ws/slug',
    'https://api.bitbucket.org/2.0/repositories/ws/slug/refs/tags?page=2',
    'https://bitbucket.org/api/2.0/repositories/ws/slug',
    'https://bitbucket.org/!api/2.0/repositories/ws/slug/',
  ])('%s', (text) => {
    expect(parseRepoName(text)).toEqual({ workspace: 'ws', slug: 'slug' });
  });

  it.each([
    [`${WS_UUID}/${REPO_UUID}`, WS_UUID],
    [`${encodeURIComponent(WS_UUID)}/${encodeURIComponent(REPO_UUID)}`, WS_UUID],
    [`{}/${REPO_UUID}`, '{}'],
    [`https://bitbucket.org/%7B%7D/${encodeURIComponent(REPO_UUID)}`, '{}'],
    [`${WS_UUID.toUpperCase()}/${REPO_UUID.toUpperCase()}`, WS_UUID],
  ])('%s', (text, workspace) => {
    expect(parseRepoName(text)).toEqual({ workspace, slug: REPO_UUID });
  });

  it.each(['_x/.hidden', 'a-b/c.d', '1/2'])('%s is a name', (text) => {
    const [workspace, slug] = text.split('/');
    expect(parseRepoName(text)).toEqual({ workspace, slug });
  });
});

describe('refusals', () => {
  it.each([
    'ws/slug?x=1',
    '{}/slug',
    'a b/c',
    'ws/',
    `ws/${'s'.repeat(63)}`,
    'ws/sl\u0130g',
    'http://[::1]/a/b',
  ])('%s', (text) => {
    expect(parseRepoName(text)).toBeTypeOf('string');
  });

  it('never repeats what was pasted', () => {
    expect(parseRepoName('https://user:canary@evil.example/a/b')).not.toContain('canary');
  });
});

it('whatever comes in, no segment can leave its place', () => {
  fc.assert(
    fc.property(
      fc.oneof(fc.string({ unit: 'binary' }), fc.webUrl(), fc.stringMatching(/^[a-z.%2e/\\@:]{0,20}$/)),
      (text) => {
        const name = parseRepoName(text);
        if (typeof name === 'string') return;
        for (const segment of [name.workspace, name.slug]) {
          expect(segment).toMatch(/^[a-z0-9_.{}-]+$/);
          expect(segment).not.toMatch(/^\.{1,2}$/);
        }
        expect(parseRepoName(`${name.workspace}/${name.slug}`)).toEqual(
          name.slug.endsWith('.git') ? expect.anything() : name,
        );
      },
    ),
    { numRuns: 300 },
  );
});

it.each([
  ['atlassian', 'atlassian'],
  [' Atlassian/ ', 'atlassian'],
  ['https://bitbucket.org/atlassian/workspace/repositories', 'atlassian'],
  [encodeURIComponent(WS_UUID), WS_UUID],
])('the workspace %s', (text, workspace) => {
  expect(parseWorkspace(text)).toEqual({ workspace });
});
