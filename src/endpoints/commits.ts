import { z } from 'zod';
import { invalid } from '../domain/failure.ts';
import type { UpstreamRequest, UpstreamTarget } from '../domain/upstream.ts';
import { bodyOf } from '../envelope/body.ts';
import type { PageLinks } from '../envelope/link.ts';
import { ctx, isCtx, isPageNumber } from '../input/paging.ts';
import { ref } from '../input/ref.ts';
import { repoName } from '../input/repo-name.ts';
import { treePath } from '../input/tree-path.ts';
import { commitsBrief } from './briefs.ts';
import { cursorOf, endpoint, paramsOf, type Reader, wholeObject } from './endpoint.ts';
import { paging } from './repository.ts';
import { CommitPage } from './schemas.ts';
import { at } from './target.ts';

const repo = repoName;
type Repo = z.output<typeof repoName>;

export const listCommits = endpoint({
  path: '/v1/repo/commits',
  operationId: 'listCommits',
  tag: 'Repository',
  summary: 'Commits',
  description:
    'Commits, newest first: of all branches and tags, or of one `ref`, or those that touched `path`. ' +
    '`page` without `ctx` works too, and costs Bitbucket one more read for its cursor.',
  message: 'Repository commits',
  data: CommitPage,
  brief: commitsBrief,
  input: z.strictObject({
    repo,
    ref: ref.optional(),
    path: treePath.optional(),
    ctx: ctx.optional(),
    ...paging,
  }),
  cursor: 'ctx',
  answer: async (input, bitbucket, tagging) => {
    const { page, ctx } = input;
    if (ctx !== undefined && page === undefined)
      throw invalid('ctx', '`ctx` means nothing without `page`. Take both as the page before gave them.');
    const first = firstCommits(input);
    if (page === undefined || (page === 1 && ctx === undefined))
      return commits(input, { ...first, ...tagging.conditional() }, bitbucket);
    const cursor = ctx ?? cursorOf((await read(first, bitbucket)).keys.next, bitbucket)?.get('ctx');
    if (cursor == null) return { data: emptyPage(input.pagelen, page) };
    const later = laterCommits(input.repo, input.pagelen, page, cursor);
    return commits(input, { ...later, ...tagging.conditional() }, bitbucket);
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

type Wanted = Pick<UpstreamRequest<unknown>, 'target' | 'ifNoneMatch'>;

const read = (target: Wanted, bitbucket: Reader) => bitbucket.get({ ...target, read: wholeObject });

async function commits(input: CommitsInput, request: Wanted, bitbucket: Reader) {
  const whole = await read(request, bitbucket);
  const cursor = cursorOf(whole.keys.next, bitbucket);
  return { ...whole, links: cursor === undefined ? {} : ctxLinks(input, cursor) };
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
