import { describe, expect, it } from 'vitest';
import { brief, briefList, clipped, field, line, valueAt } from '../../src/endpoints/brief.ts';
import {
  accountsBrief,
  branchesBrief,
  commitsBrief,
  metaBrief,
  pullRequestsBrief,
  repositoriesBrief,
  repositoryBrief,
  tagsBrief,
  treeBrief,
  workspaceBrief,
} from '../../src/endpoints/briefs.ts';

describe('a value', () => {
  const item = { a: { b: [{ c: 0 }], n: null }, text: 'x' };
  it.each([
    [['a', 'b', '0', 'c'], 0],
    [['a', 'n'], null],
    [['a', 'n', 'c'], undefined],
    [['a', 'missing', 'c'], undefined],
    [['text', 'length'], undefined],
    [['toString'], undefined],
    [[], item],
  ] as const)('at %j is %j', (path, value) => {
    expect(valueAt(item, ...path)).toBe(value);
    expect(field(...path)(item)).toBe(value);
  });
});

describe('a text', () => {
  it.each([
    ['12345', '12345'],
    ['123456', '1234…'],
    ['123\u{1f600}', '123\u{1f600}'],
    ['123\u{1f600}x', '123…'],
    ['\u{1f600}123456', '\u{1f600}12…'],
    ['', ''],
  ])('%j has five characters as %j', (text, short) => expect(clipped(text, 5)).toBe(short));

  it('is its first line', () => {
    const read = line(['message'], 10);
    expect(read({ message: 'subject\n\nbody' })).toBe('subject');
    expect(read({ message: 'a longer subject\n' })).toBe('a longer …');
    expect(read({ message: '\nbody' })).toBe('');
    expect(read({ message: 5 })).toBeUndefined();
    expect(read({})).toBeUndefined();
  });
});

describe('a brief', () => {
  const one = brief({ id: field('id'), gone: field('gone'), zero: field('zero'), no: field('no') });

  it('leaves out what is absent or null, and nothing else', () =>
    expect(one.of({ id: '', gone: null, zero: 0, no: false, more: 1 })).toEqual({
      id: '',
      zero: 0,
      no: false,
    }));

  it('says its names', () => expect(one.names).toEqual(['id', 'gone', 'zero', 'no']));

  it('of a list is that of one, with the page beside it', () => {
    const { names, of, list } = briefList(one, { id: 'id' });
    expect([names, of, list.key, list.id]).toEqual([one.names, one.of, 'values', 'id']);
    expect(list.beside({ page: 2, pagelen: 30, size: 31, next: 'https://…', values: [] })).toEqual({
      page: 2,
      pagelen: 30,
      size: 31,
    });
  });
});

const HASH = '0123456789abcdef0123456789abcdef01234567';
const links = { html: { href: 'https://bitbucket.org/a/b' }, self: { href: 'https://api.bitbucket.org/…' } };
const author = { raw: 'A Writer <a@example.com>', user: { display_name: 'A Writer Here', nickname: 'a' } };
const at = '2026-11-24T12:00:00+00:00';
const target = { hash: HASH, date: at, author, message: 'Mend it\n\nAnd why.', type: 'commit', links };
const shownTarget = { hash: HASH, date: at, author: 'A Writer Here', subject: 'Mend it' };
const html = links.html.href;

describe('what people read', () => {
  it.each([
    [
      'a commit',
      commitsBrief,
      {
        ...target,
        parents: [{ hash: HASH, type: 'commit' }],
        links: { html: { href: `${html}/commits/${HASH}` } },
      },
      { ...shownTarget, parents: ['0123456789ab'], html: `${html}/commits/0123456789ab` },
    ],
    ['a commit with nothing in it', commitsBrief, {}, {}],
    ['a commit without a hash', commitsBrief, { links, parents: {} }, { html }],
    [
      'a commit whose link is none',
      commitsBrief,
      { hash: HASH, links: { html: { href: 5 } } },
      { hash: HASH, html: 5 },
    ],
    [
      'a branch',
      branchesBrief,
      { name: 'main', target, links, merge_strategies: [] },
      { name: 'main', ...shownTarget, html },
    ],
    [
      'a tag',
      tagsBrief,
      { name: 'v1', target, links, tagger: { raw: 'T <t@x>' }, message: 'One\nmore' },
      { name: 'v1', ...shownTarget, tagger: 'T', message: 'One', html },
    ],
    [
      'a repository',
      repositoryBrief,
      {
        ...{
          full_name: 'a/b',
          name: 'b',
          description: 'What it is\nmore',
          language: 'java',
          size: 5,
          scm: 'git',
        },
        ...{ mainbranch: { name: 'main', type: 'branch' }, fork_policy: 'allow_forks', links },
        ...{ parent: { full_name: 'c/b' }, created_on: at, updated_on: at },
      },
      {
        ...{ full_name: 'a/b', name: 'b', description: 'What it is', language: 'java', size: 5 },
        ...{
          mainbranch: 'main',
          fork_policy: 'allow_forks',
          parent: 'c/b',
          created_on: at,
          updated_on: at,
          html,
        },
      },
    ],
    [
      'a pull request',
      pullRequestsBrief,
      {
        ...{ id: 7, title: 'Mend\nit', state: 'OPEN', draft: true, author: { nickname: 'n' }, links },
        ...{ source: { branch: { name: 'topic' }, repository: { full_name: 'a/b' } } },
        ...{ destination: { branch: { name: 'main' }, repository: { full_name: 'a/b' } } },
        ...{ created_on: at, updated_on: at, comment_count: 0, task_count: 1, summary: {} },
      },
      {
        ...{
          id: 7,
          title: 'Mend',
          state: 'OPEN',
          draft: true,
          author: 'n',
          source: 'topic',
          destination: 'main',
        },
        ...{ created_on: at, updated_on: at, comment_count: 0, task_count: 1, html },
      },
    ],
    ['a pull request that is no draft', pullRequestsBrief, { id: 7, draft: false }, { id: 7 }],
    [
      'a pull request of a fork',
      pullRequestsBrief,
      {
        source: { branch: { name: 'topic' }, repository: { full_name: 'c/b' } },
        destination: { repository: { full_name: 'a/b' } },
      },
      { source: 'c/b:topic' },
    ],
    [
      'a pull request whose branch is gone',
      pullRequestsBrief,
      { source: { branch: {}, repository: { full_name: 'c/b' } }, destination: { branch: { name: 'main' } } },
      { destination: 'main' },
    ],
    [
      'a pull request whose fork is gone',
      pullRequestsBrief,
      {
        source: { branch: { name: 'topic' }, repository: null },
        destination: { repository: { full_name: 'a/b' } },
      },
      { source: 'topic' },
    ],
    [
      'an account',
      accountsBrief,
      { type: 'team', display_name: 'D', username: 'u', nickname: 'n', uuid: '{1}', account_id: 'x', links },
      { type: 'team', display_name: 'D', name: 'u', uuid: '{1}', html },
    ],
    ['an account with a nickname', accountsBrief, { nickname: 'n' }, { name: 'n' }],
    [
      'a workspace',
      workspaceBrief,
      { slug: 's', name: 'S', uuid: '{1}', created_on: at, links, is_private: false },
      { slug: 's', name: 'S', uuid: '{1}', created_on: at, html },
    ],
    [
      'an entry of a tree',
      treeBrief,
      { path: 'a/b', type: 'commit_file', size: 3, commit: HASH },
      { path: 'a/b', type: 'commit_file', size: 3 },
    ],
    [
      'the meta page',
      metaBrief,
      { auth: 'a', name: 'n', note: 'o', source: 's', endpoints: 11, more: 1 },
      { auth: 'a', name: 'n', note: 'o', source: 's', endpoints: 11 },
    ],
  ])('of %s', (_name, { of }, item, shown) => expect(of(item)).toEqual(shown));

  it('of a text is as much as fits a line', () => {
    const long = 'x'.repeat(300);
    const lengthOf = (value: unknown) => String(value).length;
    expect(lengthOf(commitsBrief.of({ message: long }).subject)).toBe(100);
    expect(lengthOf(branchesBrief.of({ target: { message: long } }).subject)).toBe(100);
    expect(lengthOf(tagsBrief.of({ message: long }).message)).toBe(100);
    expect(lengthOf(repositoryBrief.of({ description: long }).description)).toBe(200);
    expect(lengthOf(pullRequestsBrief.of({ title: long }).title)).toBe(200);
    expect(lengthOf(commitsBrief.of({ author: { raw: long } }).author)).toBe(100);
  });

  it.each([
    [{ raw: 'R <r@x>', user: { display_name: 'D', nickname: 'n', username: 'u' } }, 'D'],
    [{ raw: 'R <r@x>', user: { nickname: 'n', username: 'u' } }, 'n'],
    [{ raw: 'R <r@x>', user: { username: 'u' } }, 'u'],
    [{ raw: 'R R <r@x> ' }, 'R R'],
    [{ raw: 'R<r@x>' }, 'R'],
    [{ raw: 'R <r@x> Jr' }, 'R <r@x> Jr'],
    [{ raw: '<r@x>' }, '<r@x>'],
    [{ raw: 'R' }, 'R'],
    [{ raw: 5 }, undefined],
    [{}, undefined],
  ])('of the author %j is %j', (written, shown) =>
    expect(commitsBrief.of({ author: written }).author).toBe(shown),
  );
});

it.each([
  [commitsBrief, 'values', 'hash'],
  [branchesBrief, 'values', 'name'],
  [tagsBrief, 'values', 'name'],
  [repositoriesBrief, 'values', 'uuid'],
  [pullRequestsBrief, 'values', 'id'],
  [accountsBrief, 'values', 'uuid'],
  [treeBrief, 'entries', 'path'],
])('a list tells its items apart (%#)', ({ list }, key, id) =>
  expect([list.key, list.id]).toEqual([key, id]),
);

it('a tree says once what is the same for all entries', () =>
  expect(
    treeBrief.list.beside({
      ref: 'main',
      path: '/',
      count: 1,
      next: 'x',
      entries: [{ path: 'a', commit: HASH }],
    }),
  ).toEqual({ ref: 'main', path: '/', count: 1, commit: HASH }));
