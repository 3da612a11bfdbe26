import { createHash } from 'node:crypto';

/** Bitbucket's objects, in the shape and order of keys that its API gives them. */
export type Json = Readonly<Record<string, unknown>>;

const API = 'https://api.bitbucket.org/2.0';
const SITE = 'https://bitbucket.org';

export const hashOf = (text: string): string => createHash('sha1').update(text).digest('hex');

export function uuidOf(text: string): string {
  const hex = hashOf(text);
  return `{${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}}`;
}

/** A moment `days` before a fixed one. */
export const dateOf = (days: number): string =>
  new Date(Date.UTC(2026, 4, 13, 13, 43, 5) - days * 86_400_000).toISOString().replace('.000Z', '+00:00');

const href = (url: string) => ({ href: url });

export interface RepositoryFacts {
  readonly workspace: string;
  readonly slug: string;
  readonly name: string;
  readonly size: number;
  readonly uuid: string;
  readonly mainbranch: string | null;
  readonly updatedOn: string;
}

export function repositoryOf(facts: RepositoryFacts): Json {
  const { workspace, slug, name, size, uuid, mainbranch, updatedOn } = facts;
  const full = `${workspace}/${slug}`;
  const api = `${API}/repositories/${full}`;
  return {
    scm: 'git',
    name,
    size,
    slug,
    type: 'repository',
    uuid,
    links: {
      html: href(`${SITE}/${full}`),
      self: href(api),
      tags: href(`${api}/refs/tags`),
      clone: [
        { href: `${SITE}/${full}.git`, name: 'https' },
        { href: `git@bitbucket.org:${full}.git`, name: 'ssh' },
      ],
      forks: href(`${api}/forks`),
      hooks: href(`${api}/hooks`),
      avatar: href(`https://bytebucket.org/ravatar/${encodeURIComponent(uuid)}?ts=default`),
      source: href(`${api}/src`),
      commits: href(`${api}/commits`),
      branches: href(`${api}/refs/branches`),
      watchers: href(`${api}/watchers`),
      downloads: href(`${api}/downloads`),
      pullrequests: href(`${api}/pullrequests`),
    },
    owner: { type: 'team', uuid: uuidOf(workspace), username: workspace, display_name: workspace },
    parent: null,
    project: { key: 'PROJ', name: 'Project', type: 'project', uuid: uuidOf(`${workspace} project`) },
    website: '',
    has_wiki: false,
    language: 'java',
    full_name: full,
    workspace: { name: workspace, slug: workspace, type: 'workspace', uuid: uuidOf(workspace) },
    created_on: '2013-08-19T09:27:14.000000+00:00',
    has_issues: false,
    is_private: false,
    mainbranch: mainbranch === null ? null : { name: mainbranch, type: 'branch' },
    updated_on: updatedOn,
    description: `The repository ${name}`,
    fork_policy: 'allow_forks',
    override_settings: { default_merge_strategy: true, branching_model: true },
  };
}

export function commitOf(full: string, hash: string, date: string, message = 'A change\n'): Json {
  const api = `${API}/repositories/${full}`;
  return {
    date,
    hash,
    type: 'commit',
    links: {
      diff: href(`${api}/diff/${hash}`),
      html: href(`${SITE}/${full}/commits/${hash}`),
      self: href(`${api}/commit/${hash}`),
      patch: href(`${api}/patch/${hash}`),
      approve: href(`${api}/commit/${hash}/approve`),
      comments: href(`${api}/commit/${hash}/comments`),
      statuses: href(`${api}/commit/${hash}/statuses`),
    },
    author: { raw: 'A Developer <dev@example.com>', type: 'author' },
    message,
    parents: [],
    summary: { raw: message, html: '<p>A change</p>', type: 'rendered', markup: 'markdown' },
    repository: { name: full.split('/')[1], type: 'repository', full_name: full },
  };
}

export function branchOf(full: string, name: string, hash: string, date: string): Json {
  const api = `${API}/repositories/${full}`;
  return {
    name,
    type: 'branch',
    links: {
      html: href(`${SITE}/${full}/branch/${name}`),
      self: href(`${api}/refs/branches/${name}`),
      commits: href(`${api}/commits/${name}`),
      pullrequest_create: href(`${SITE}/${full}/pull-requests/new?source=${name}&t=1`),
    },
    target: commitOf(full, hash, date),
    merge_strategies: ['merge_commit', 'squash', 'fast_forward'],
    default_merge_strategy: 'merge_commit',
  };
}

export function tagOf(full: string, name: string, hash: string, date: string): Json {
  const api = `${API}/repositories/${full}`;
  return {
    date: null,
    name,
    type: 'tag',
    links: {
      html: href(`${SITE}/${full}/commits/tag/${name}`),
      self: href(`${api}/refs/tags/${name}`),
      commits: href(`${api}/commits/${name}`),
    },
    tagger: null,
    target: commitOf(full, hash, date),
    message: null,
  };
}

export function pullRequestOf(full: string, id: number, state: string): Json {
  const self = `${API}/repositories/${full}/pullrequests/${id}`;
  return {
    id,
    type: 'pullrequest',
    draft: false,
    links: {
      diff: href(
        `${API}/repositories/${full}/diff/${full}:6315b3bac849%0Decdc2efc4f27?from_pullrequest_id=${id}&topic=true`,
      ),
      html: href(`${SITE}/${full}/pull-requests/${id}`),
      self: href(self),
      merge: href(`${self}/merge`),
      approve: href(`${self}/approve`),
      commits: href(`${self}/commits`),
      decline: href(`${self}/decline`),
    },
    state,
    title: `Pull request ${id}`,
    author: { type: 'user', uuid: uuidOf('dev'), nickname: 'dev', display_name: 'A Developer' },
    source: { branch: { name: `topic-${id}` }, commit: null, repository: null },
    destination: {
      branch: { name: 'master' },
      commit: null,
      repository: { type: 'repository', full_name: full },
    },
    created_on: dateOf(id),
    updated_on: dateOf(id),
    closed_by: null,
    description: '',
    merge_commit: null,
    comment_count: 0,
    task_count: 0,
  };
}

export function workspaceOf(slug: string): Json {
  const isAtlassian = slug === 'atlassian';
  const uuid = isAtlassian ? '{02b941e3-cfaa-40f9-9a58-cec53e20bdc3}' : uuidOf(slug);
  return {
    name: isAtlassian ? 'Atlassian' : slug,
    slug,
    type: 'workspace',
    uuid,
    links: {
      html: href(`${SITE}/${slug}/`),
      self: href(`${API}/workspaces/${slug}`),
      hooks: href(`${API}/workspaces/${slug}/hooks`),
      avatar: href(`${SITE}/workspaces/${slug}/avatar/?ts=1760749566`),
      owners: href(`${API}/workspaces/${slug}/members?q=permission%3D%22owner%22`),
      members: href(`${API}/workspaces/${slug}/members`),
      projects: href(`${API}/workspaces/${slug}/projects`),
      snippets: href(`${API}/snippets/${slug}`),
      repositories: href(`${API}/repositories/${slug}`),
      html_overview: href(`${SITE}/${slug}/workspace/overview/`),
    },
    created_on: '2018-11-29T02:26:39.297476+00:00',
    is_private: true,
    forking_mode: 'allow_forks',
    is_privacy_enforced: false,
  };
}

export const watchers: readonly Json[] = [
  {
    type: 'team',
    uuid: '{02b941e3-cfaa-40f9-9a58-cec53e20bdc3}',
    links: {
      html: href(`${SITE}/%7B02b941e3-cfaa-40f9-9a58-cec53e20bdc3%7D/`),
      self: href(`${API}/workspaces/%7B02b941e3-cfaa-40f9-9a58-cec53e20bdc3%7D`),
      avatar: href(`${SITE}/account/atlassian/avatar/`),
    },
    username: 'atlassian',
    display_name: 'Atlassian',
  },
  {
    type: 'user',
    uuid: '{4d37aca5-6370-453b-8561-85c1beacaf2c}',
    links: {
      html: href(`${SITE}/%7B4d37aca5-6370-453b-8561-85c1beacaf2c%7D/`),
      self: href(`${API}/users/%7B4d37aca5-6370-453b-8561-85c1beacaf2c%7D`),
      avatar: href(
        'https://avatar-management--avatars.us-west-2.prod.public.atl-paas.net/557057:4952e210-38b5-4515-9c16-bf7fbd9d81a6/79d5ce53-8d49-4fd3-83a2-cef342c05922/128',
      ),
    },
    nickname: 'watcher',
    account_id: '557057:4952e210-38b5-4515-9c16-bf7fbd9d81a6',
    display_name: 'A Watcher',
  },
];
