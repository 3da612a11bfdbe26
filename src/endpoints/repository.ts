import { z } from 'zod';
import { pagelen, pageNumber, q, sort, state } from '../input/paging.ts';
import { repoName } from '../input/repo-name.ts';
import {
  accountsBrief,
  branchesBrief,
  pullRequestsBrief,
  repositoriesBrief,
  repositoryBrief,
  tagsBrief,
} from './briefs.ts';
import { object, page } from './endpoint.ts';
import { AccountPage, BranchPage, PullRequestPage, Repository, RepositoryPage, TagPage } from './schemas.ts';
import { at } from './target.ts';

export const paging = { page: pageNumber.optional(), pagelen: pagelen(30) };
/** `q` and `sort`, with examples that the list in question understands. */
export const filtering = (examples: { readonly q: string; readonly sort: string }) => ({
  q: q(examples.q).optional(),
  sort: sort(examples.sort).optional(),
});
const refFilters = { q: 'name ~ "release"', sort: '-target.date' };
export const repositoryFilters = { q: 'name ~ "event"', sort: '-updated_on' };
const pullRequestFilters = { q: 'title ~ "fix"', sort: '-updated_on' };

const repo = repoName;

export const getRepository = object({
  path: '/v1/repo',
  operationId: 'getRepository',
  tag: 'Repository',
  summary: 'Repository detail',
  description:
    'One public repository: description, language, size in bytes, fork policy, main branch, owner and links. ' +
    'A private repository looks like a missing one.',
  message: 'Repository detail',
  data: Repository,
  brief: repositoryBrief,
  input: z.strictObject({ repo }),
  upstream: ({ repo }) => at`/repositories/${repo.workspace}/${repo.slug}`,
});

export const listBranches = page({
  path: '/v1/repo/branches',
  operationId: 'listBranches',
  tag: 'Repository',
  summary: 'Branches',
  description: 'The branches of a repository, each with the commit it points at.',
  message: 'Repository branches',
  data: BranchPage,
  brief: branchesBrief,
  input: z.strictObject({ repo, ...filtering(refFilters), ...paging }),
  upstream: ({ repo, q, sort, pagelen, page }) =>
    at`/repositories/${repo.workspace}/${repo.slug}/refs/branches`.with({ q, sort, pagelen, page }),
});

export const listTags = page({
  path: '/v1/repo/tags',
  operationId: 'listTags',
  tag: 'Repository',
  summary: 'Tags',
  description: 'The tags of a repository. `message`, `date` and `tagger` are null on lightweight tags.',
  message: 'Repository tags',
  data: TagPage,
  brief: tagsBrief,
  input: z.strictObject({ repo, ...filtering(refFilters), ...paging }),
  upstream: ({ repo, q, sort, pagelen, page }) =>
    at`/repositories/${repo.workspace}/${repo.slug}/refs/tags`.with({ q, sort, pagelen, page }),
});

export const listForks = page({
  path: '/v1/repo/forks',
  operationId: 'listForks',
  tag: 'Repository',
  summary: 'Forks',
  description: 'The public forks of a repository, as repositories with `parent` set.',
  message: 'Repository forks',
  data: RepositoryPage,
  brief: repositoriesBrief,
  input: z.strictObject({ repo, ...filtering(repositoryFilters), ...paging }),
  upstream: ({ repo, q, sort, pagelen, page }) =>
    at`/repositories/${repo.workspace}/${repo.slug}/forks`.with({ q, sort, pagelen, page }),
});

export const listWatchers = page({
  path: '/v1/repo/watchers',
  operationId: 'listWatchers',
  tag: 'Repository',
  summary: 'Watchers',
  description: 'The accounts that watch a repository: users and teams.',
  message: 'Repository watchers',
  data: AccountPage,
  brief: accountsBrief,
  input: z.strictObject({ repo, ...paging }),
  upstream: ({ repo, pagelen, page }) =>
    at`/repositories/${repo.workspace}/${repo.slug}/watchers`.with({ pagelen, page }),
});

/** Bitbucket refuses more on pull requests, whatever its documentation says. */
const MAX_PULL_REQUESTS = 50;

export const listPullRequests = page({
  path: '/v1/repo/pullrequests',
  operationId: 'listPullRequests',
  tag: 'Repository',
  summary: 'Pull requests',
  description:
    'The pull requests of a repository, open ones unless `state` says otherwise. Bitbucket gives at most 50 a ' +
    "page here: the answer's own `pagelen` says what was given.",
  message: 'Repository pull requests',
  data: PullRequestPage,
  brief: pullRequestsBrief,
  input: z.strictObject({ repo, state: state.optional(), ...filtering(pullRequestFilters), ...paging }),
  upstream: ({ repo, state, q, sort, pagelen, page }) =>
    at`/repositories/${repo.workspace}/${repo.slug}/pullrequests`.with({
      ...inStates(state, q),
      sort,
      pagelen: Math.min(pagelen, MAX_PULL_REQUESTS),
      page,
    }),
});

/** Bitbucket ignores `state` beside `q`, so there it is written into the query. */
function inStates(states: readonly string[] | undefined, q: string | undefined) {
  if (q === undefined || states === undefined) return { state: states, q };
  const either = states.map((state) => `state="${state}"`).join(' OR ');
  return { q: `(${q}) AND (${either})` };
}
