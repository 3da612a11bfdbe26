import { z } from 'zod';
import { Failure, invalid } from '../domain/failure.ts';
import { bodyOf } from '../envelope/body.ts';
import { pagelen, treeToken } from '../input/paging.ts';
import { ref } from '../input/ref.ts';
import { repoName } from '../input/repo-name.ts';
import { hasDotSegment, isSendable } from '../input/segments.ts';
import { treePath } from '../input/tree-path.ts';
import { treeBrief } from './briefs.ts';
import { brokenAnswer, cursorOf, endpoint, paramsOf, type Reader, type RowAnswer } from './endpoint.ts';
import { as } from './read-as.ts';
import { FileTree } from './schemas.ts';
import type { Tagging } from './tagging.ts';
import { at, encodePath, withQuery } from './target.ts';
import { isFileEntry, type Listing, mayBeJsonFile, type ReadListing, readListing } from './tree-listing.ts';
import { readTreeToken, writeTreeToken } from './tree-token.ts';

const input = z.strictObject({
  repo: repoName,
  path: treePath.optional(),
  ref: ref.optional(),
  page: treeToken.optional(),
  pagelen: pagelen(100),
});

type Input = z.output<typeof input>;

export const getFileTree = endpoint({
  path: '/v1/repo/src',
  operationId: 'getFileTree',
  tag: 'Repository',
  summary: 'File tree',
  description:
    'One directory at a branch, tag or commit; the root of the main branch when neither is named. Pages are pinned ' +
    'to the commit of the first one, so that a push in between cannot tear the listing.',
  message: 'Repository file tree',
  data: FileTree,
  brief: treeBrief,
  input,
  cursor: 'token',
  answer: async (input, bitbucket, tagging) => {
    const start = input.page === undefined ? await startOf(input, bitbucket) : resume(input, input.page);
    if (start === null) return answerOf(input, { ref: null, entries: [] });
    return list(input, start, bitbucket, tagging);
  },
});

/** Where to read: `at` is a hash or a ref without a slash; `shown` is the ref's name for the caller. */
interface Start {
  readonly at: string;
  readonly shown: string;
  readonly cursor?: string;
}

/** What a token says; told without asking Bitbucket. */
function resume(input: Input, text: string): Start {
  const token = readTreeToken(text, scopeOf(input));
  if (token === null) {
    throw invalid(
      'page',
      '`page` is not a token of this listing. Take it as the page before gave it, with the same repo, path and ref.',
    );
  }
  return { at: token.commit, shown: token.ref, cursor: token.cursor };
}

const scopeOf = ({ repo, path = '', ref = '' }: Input) => [repo.workspace, repo.slug, path, ref].join('\n');

/** The first page's place; null when the repository is empty. */
async function startOf({ repo, ref }: Input, bitbucket: Reader): Promise<Start | null> {
  const name = ref ?? (await mainBranchOf(repo, bitbucket));
  if (name === null) return null;
  // Bitbucket cuts the ref at its first slash, encoded or not, so such a name has to become a hash first.
  return { at: name.includes('/') ? await hashOf(repo, name, bitbucket) : name, shown: name };
}

type Repo = Input['repo'];

async function mainBranchOf(repo: Repo, bitbucket: Reader): Promise<string | null> {
  const repository = await bitbucket.get({
    ...at`/repositories/${repo.workspace}/${repo.slug}`,
    read: as(RepositoryBody),
  });
  return repository.mainbranch?.name ?? null;
}

const refName = z
  .string()
  .min(1)
  .max(1_024)
  .refine((name) => isSendable(name) && !hasDotSegment(name));
const RepositoryBody = z.object({ mainbranch: z.object({ name: refName }).nullish() });
const RefBody = z.object({ target: z.object({ hash: z.string().regex(/^[0-9a-f]{7,64}$/) }) });

/** A branch and a tag may share a name; the branch wins. */
async function hashOf(repo: Repo, name: string, bitbucket: Reader): Promise<string> {
  const read = async (kind: 'branches' | 'tags') => {
    const { target } = at`/repositories/${repo.workspace}/${repo.slug}/refs/`;
    const ref = await bitbucket.get({ target: `${target}${kind}/${encodePath(name)}`, read: as(RefBody) });
    return ref.target.hash;
  };
  try {
    return await read('branches');
  } catch (error) {
    if (!isNotFound(error)) throw error;
    return await read('tags');
  }
}

async function list(input: Input, start: Start, bitbucket: Reader, tagging: Tagging): Promise<RowAnswer> {
  const target = targetOf(input, start);
  let answer: ReadListing;
  try {
    answer = await bitbucket.get({
      target: withQuery(target, { pagelen: input.pagelen, page: start.cursor }),
      ...tagging.conditional(start.shown),
      refuse: (head) => (isFileEntry(head) ? notADirectory(input) : undefined),
      read: (answer) => readListing(input.path ?? '', answer),
    });
  } catch (error) {
    // The main branch was named by the repository and has no commit yet.
    if (isNotFound(error) && input.ref === undefined && input.page === undefined && isRoot(input)) {
      return answerOf(input, { ref: start.shown, entries: [] });
    }
    throw error;
  }
  const told = { upstreamTag: answer.head.headers.etag, upstreamRequestId: answer.requestId };
  // A tag is only ever given to a listing.
  if (answer.head.status === 304) return { ...told, data: NOTHING, isUnchanged: true, shownRef: start.shown };
  // A later page is a listing because the first one was.
  if (input.page === undefined && mayBeJsonFile(input.path ?? '', answer.head))
    await confirmDirectory(input, target, bitbucket);

  const { listing } = answer;
  if (listing === null) throw brokenAnswer(answer.requestId);
  const cursor = cursorOf(listing.next, bitbucket)?.get('page');
  const commit = listing.values[0]?.commit.hash;
  const next =
    cursor == null || commit === undefined
      ? undefined
      : writeTreeToken({ commit, cursor, ref: start.shown }, scopeOf(input));
  return { ...answerOf(input, { ref: start.shown, entries: listing.values, next }), ...told };
}

const NOTHING = bodyOf(Buffer.alloc(0));

const isRoot = ({ path = '' }: Input) => path === '';

function targetOf({ repo, path = '' }: Input, start: Start): string {
  const { target } = at`/repositories/${repo.workspace}/${repo.slug}/src/${start.at}/`;
  return target + encodePath(path);
}

async function confirmDirectory(input: Input, target: string, bitbucket: Reader): Promise<void> {
  const meta = await bitbucket.get({ target: withQuery(target, { format: 'meta' }), read: as(MetaBody) });
  if (meta.type !== 'commit_directory') throw notADirectory(input);
}

const MetaBody = z.object({ type: z.string() });

function notADirectory({ path = '' }: Input): Failure {
  return new Failure(
    'not_a_directory',
    `\`${path}\` is a file. This endpoint lists directories: ask for the one it is in.`,
    {
      details: [{ parameter: 'path', message: 'Names a file, not a directory.' }],
    },
  );
}

interface Shown {
  readonly ref: string | null;
  readonly entries: Listing['values'];
  readonly next?: string | undefined;
}

function answerOf(input: Input, { ref, entries, next }: Shown): RowAnswer {
  const data = {
    ref,
    path: input.path || '/',
    count: entries.length,
    entries: entries.map(({ path, size, type, commit }) => ({
      path,
      ...(type === 'commit_file' && size != null ? { size } : {}),
      type,
      commit: commit.hash,
    })),
    ...(next === undefined ? {} : { next }),
  };
  return {
    data: bodyOf(Buffer.from(JSON.stringify(data))),
    shownRef: ref ?? '',
    links: next === undefined ? {} : { next: [...paramsOf(input), ['page', next]] },
  };
}

const isNotFound = (error: unknown) => error instanceof Failure && error.code === 'upstream_not_found';
