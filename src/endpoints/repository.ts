import { z } from 'zod';
import { invalid } from '../domain/failure.ts';
import type { UpstreamTarget } from '../domain/upstream.ts';
import { bodyOf } from '../envelope/body.ts';
import type { PageLinks } from '../envelope/link.ts';
import { ctx, isCtx, isPageNumber, pagelen, pageNumber, q, sort, state } from '../input/paging.ts';
import { ref } from '../input/ref.ts';
import { repoName } from '../input/repo-name.ts';
import { treePath } from '../input/tree-path.ts';
import { cursorOf, endpoint, object, page, paramsOf, type Reader, wholeObject } from './endpoint.ts';
import {
  AccountPage,
  BranchPage,
  CommitPage,
  PullRequestPage,
  Repository,
  RepositoryPage,
  TagPage,
} from './schemas.ts';
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
type Repo = z.output<typeof repoName>;

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

export const listCommits = endpoint({
  path: '/v1/repo/commits',
  operationId: 'listCommits',
  tag: 'Repository',
  summary: 'Commits',
  description:
    'Commits, newest first: of all branches and tags, or of one `ref`, or those that touched `path`. Follow ' +
    '`Link`: `page` alone works, and costs Bitbucket one more read for its cursor.',
  message: 'Repository commits',
  data: CommitPage,
  input: z.strictObject({
    repo,
    ref: ref.optional(),
    path: treePath.optional(),
    ctx: ctx.optional(),
    ...paging,
  }),
  cursor: 'ctx',
  answer: async (input, bitbucket) => {
    const { page, ctx } = input;
    if (ctx !== undefined && page === undefined)
      throw invalid('ctx', '`ctx` means nothing without `page`. Take both from `Link`.');
    const first = firstCommits(input);
    if (page === undefined || (page === 1 && ctx === undefined)) return commits(input, first, bitbucket);
    const cursor = ctx ?? cursorOf((await read(first, bitbucket)).keys.next, bitbucket)?.get('ctx');
    if (cursor == null) return { data: emptyPage(input.pagelen, page) };
    return commits(input, laterCommits(input.repo, input.pagelen, page, cursor), bitbucket);
  },
});

interface CommitsInput {
  readonly repo: Repo;
  readonly ref?: string | undefined;
  readonly path?: string | undefined;
  readonly pagelen: number;
}

const firstCommits = ({ repo, ref, path, pagelen }: CommitsInput): UpstreamTarget =>
  at`/repositories/${repo.workspace}/${repo.slug}/commits`.with({
    include: ref,
    path: path === '' ? undefined : path,
    pagelen,
  });

/** The filter lives inside `ctx`: adding it again is neither needed nor known to be harmless. */
const laterCommits = (repo: Repo, pagelen: number, page: number, ctx: string): UpstreamTarget =>
  at`/repositories/${repo.workspace}/${repo.slug}/commits`.with({ pagelen, page, ctx });

const read = (target: UpstreamTarget, bitbucket: Reader) => bitbucket.get({ ...target, read: wholeObject });

async function commits(input: CommitsInput, request: UpstreamTarget, bitbucket: Reader) {
  const { data, keys, upstreamRequestId } = await read(request, bitbucket);
  const cursor = cursorOf(keys.next, bitbucket);
  return {
    data,
    upstreamRequestId,
    links: cursor === undefined ? {} : ctxLinks(input, cursor),
  };
}

function ctxLinks(input: object, cursor: URLSearchParams): PageLinks {
  const page = cursor.get('page') ?? '';
  const ctx = cursor.get('ctx') ?? '';
  // What we would not take back is no link.
  if (!isPageNumber(page) || !isCtx(ctx)) return {};
  return { next: [...paramsOf({ ...input }), ['page', page], ['ctx', ctx]] };
}

/** Page 1 was the last one, so what was asked for lies behind the end. */
const emptyPage = (pagelen: number, page: number) =>
  bodyOf(Buffer.from(JSON.stringify({ pagelen, values: [], page })));
