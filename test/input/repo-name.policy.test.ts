import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseRepoName } from '../../src/input/repo-name.ts';

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
    'git+http://bitbucket.org/ws/slug',
    ' https://bitbucket.org/ws/slug',
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
    expect(parseRepoName(text)).toEqual({ value: { workspace: 'ws', slug: 'slug' } });
  });

  it.each([
    [`${WS_UUID}/${REPO_UUID}`, WS_UUID],
    [`${encodeURIComponent(WS_UUID)}/${encodeURIComponent(REPO_UUID)}`, WS_UUID],
    [`{}/${REPO_UUID}`, '{}'],
    [`https://bitbucket.org/%7B%7D/${encodeURIComponent(REPO_UUID)}`, '{}'],
    [`${WS_UUID.toUpperCase()}/${REPO_UUID.toUpperCase()}`, WS_UUID],
  ])('%s', (text, workspace) => {
    expect(parseRepoName(text)).toEqual({ value: { workspace, slug: REPO_UUID } });
  });

  it.each(['_x/.hidden', 'a-b/c.d', '1/2'])('%s is a name', (text) => {
    const [workspace, slug] = text.split('/');
    expect(parseRepoName(text)).toEqual({ value: { workspace, slug } });
  });
});

const HOW = 'Give it as workspace/slug';

describe('refusals say what is wrong and what to do', () => {
  it.each([
    ['', 'is empty', HOW],
    ['  ', 'is empty', HOW],
    ['a/b\u0007', 'contains a control character', ''],
    ['a\\b', 'contains a backslash', HOW],
    ['a/../b', 'contains a dot segment', ''],
    ['a/%2e%2e', 'contains a dot segment', ''],
    ['https://bitbucket.org/a/../b?x=1', 'contains a dot segment', ''],
    ['a', 'needs a workspace and a slug', HOW],
    ['ws/', 'needs a workspace and a slug', HOW],
    ['ws//slug', 'needs a workspace and a slug', HOW],
    ['https://bitbucket.org/ws', 'names a workspace, not a repository', HOW],
    ['git@bitbucket.org:ws', 'names a workspace, not a repository', HOW],
    ['bitbucket:ws', 'names a workspace, not a repository', HOW],
    ['a/b/c', 'has more than two parts', HOW],
    ['ws/slug?x=1', 'The slug', HOW],
    ['{}/slug', 'The workspace', HOW],
    ['a b/c', 'The workspace', HOW],
    [`ws/${'s'.repeat(63)}`, '62 of them at most', HOW],
    ['ws/sl\u0130g', 'The slug', HOW],
    ['ws/a..b/', null, null],
    ['https://bitbucket.org/a/.git', 'The slug', HOW],
    ['ftp://bitbucket.org/a/b', 'no address of a repository', HOW],
    ['a/b://c', 'has more than two parts', HOW],
    [' a/.. ', 'contains a dot segment', ''],
    ['ws/..git', 'The slug', HOW],
    ['ws/...git', 'The slug', HOW],
    ['bitbucket.org', 'needs a workspace and a slug', HOW],
    ['xbitbucket:ws/slug', 'another host', ''],
    [`a b/${REPO_UUID}`, 'The workspace', HOW],
    ['xhttps://bitbucket.org/a/b', 'no address of a repository', HOW],
    ['httpsx://bitbucket.org/a/b', 'no address of a repository', HOW],
    ['http://[::1]/a/b', 'another host', ''],
    ['https://bitbucket.org.evil.example/a/b', 'another host', ''],
    ['https://bitbucket.org@evil.example/a/b', 'another host', ''],
    ['https://xbitbucket.org/a/b', 'another host', ''],
    ['//gitlab.com/a/b', 'another host', ''],
    ['gitlab.com:a/b', 'another host', ''],
    ['git@gitlab.com:a/b.git', 'another host', ''],
    ['user@gitlab.com/a/b', 'another host', ''],
    ['https://bitbucket.org/projects/X/repos/y', 'another kind', HOW],
    ['https://bitbucket.org/ws/workspace/repositories', 'another kind', HOW],
    ['https://bitbucket.org/ws/profile/repositories', 'another kind', HOW],
    ...['account', 'dashboard', 'scm', 'users', 'rest', 'product', 'support', 'blog'].map((page) => [
      `https://bitbucket.org/${page}/x`,
      'another kind',
      HOW,
    ]),
  ] as [string, string | null, string | null][])('%s', (text, what, how) => {
    const parsed = parseRepoName(text);
    if (what === null || how === null) expect(parsed).toHaveProperty('value');
    else {
      expect(parsed).toHaveProperty('fault', expect.stringContaining(what));
      expect(parsed).toHaveProperty('fault', expect.stringContaining(how));
    }
  });

  it('never repeats what was pasted', () => {
    expect(JSON.stringify(parseRepoName('https://user:canary@evil.example/a/b'))).not.toContain('canary');
  });
});

it.each([
  ['projects/x', 'projects', 'x'],
  ['scm/profile', 'scm', 'profile'],
  ['bitbucket.org:443/ws/slug', 'ws', 'slug'],
  ['www.bitbucket.org/ws/slug', 'ws', 'slug'],
  ['//bitbucket.org/ws/slug', 'ws', 'slug'],
  ['git@bitbucket.org:/ws/slug.git?at=x#y', 'ws', 'slug'],
  ['https://a@b@bitbucket.org/ws/slug', 'ws', 'slug'],
  ['ssh://git@bitbucket.org:22/ws/slug', 'ws', 'slug'],
  ['https://bitbucket.org/ws/slug?at=a/../b', 'ws', 'slug'],
  ['https://bitbucket.org/ws/slug#../b', 'ws', 'slug'],
  ['https://bitbucket.org/api/other', 'api', 'other'],
  ['https://bitbucket.org/api/2.0', 'api', '2.0'],
  ['https://bitbucket.org/2.0/repositories/ws/slug', 'ws', 'slug'],
  ['https://bitbucket.org/2.0/slug', '2.0', null],
  ['bitbucket.org/slug', null, null],
  ['ws/slug.git', 'ws', 'slug'],
  ['ws/ws.github.io', 'ws', 'ws.github.io'],
  ['https://bitbucket.org/ws/repositories/a/b', 'ws', 'repositories'],
  ['https://bitbucket.org/api/1.0/repositories/ws/slug', 'api', '1.0'],
  ['git@bitbucket.org: ws/slug', 'ws', 'slug'],
  ['https://bitbucket.org:80x/ws/slug', null, null],
  ['ws/slug.git.git', 'ws', 'slug.git'],
  ['/ws/slug///', 'ws', 'slug'],
  [`ws/${'s'.repeat(62)}`, 'ws', 's'.repeat(62)],
  [`${'w'.repeat(128)}/s`, 'w'.repeat(128), 's'],
  [`${'w'.repeat(129)}/s`, null, null],
  ['ws/...', 'ws', '...'],
  ['ws/.a', 'ws', '.a'],
])('%s is %s and %s', (text, workspace, slug) => {
  const parsed = parseRepoName(text);
  if (workspace === null || slug === null) expect(parsed).toHaveProperty('fault');
  else expect(parsed).toEqual({ value: { workspace, slug } });
});

it('whatever comes in, no segment can leave its place', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string({ unit: 'binary' }),
        fc.stringMatching(/^(https:\/\/)?(bitbucket\.org|a\.b)[/a.%2e?#@:]{0,16}$/),
        fc.stringMatching(/^[a-z.%2e/\\@:]{0,20}$/),
      ),
      (text) => {
        const parsed = parseRepoName(text);
        if ('fault' in parsed) return;
        const name = parsed.value;
        for (const segment of [name.workspace, name.slug]) {
          expect(segment).toMatch(/^[a-z0-9_.{}-]+$/);
          expect(segment).not.toMatch(/^\.{1,2}$/);
        }
        expect(parseRepoName(`${name.workspace}/${name.slug}`)).toEqual(
          name.slug.endsWith('.git') ? expect.anything() : { value: name },
        );
      },
    ),
    { numRuns: 300 },
  );
});

it('a plain name is what it is on the long way too', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[a-z0-9_-]{1,130}\/[a-z0-9_.-]{1,64}$/), (text) => {
      expect(parseRepoName(text)).toEqual(parseRepoName(` ${text}`));
    }),
  );
});
