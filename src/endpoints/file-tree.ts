import { z } from 'zod';
import { Failure, invalid } from '../domain/failure.ts';
import type { UpstreamAnswer, UpstreamHead } from '../domain/upstream.ts';
import { bodyOf } from '../envelope/body.ts';
import { pagelen, treeToken } from '../input/paging.ts';
import { ref } from '../input/ref.ts';
import { repoName } from '../input/repo-name.ts';
import { hasDotSegment, isSendable } from '../input/segments.ts';
import { treePath } from '../input/tree-path.ts';
import { type Answer, brokenAnswer, cursorOf, endpoint, paramsOf, type Reader } from './endpoint.ts';
import { FileTree } from './schemas.ts';
import { at, encodePath, withQuery } from './target.ts';
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
  input,
  cursor: 'token',
  answer: async (input, bitbucket) => {
    const start = input.page === undefined ? await startOf(input, bitbucket) : resume(input, input.page);
    if (start === null) return answerOf(input, { ref: null, entries: [] });
    return list(input, start, bitbucket);
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
      '`page` is not a token of this listing. Take it from `Link` or `data.next`, with the same repo, path and ref.',
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
const RefBody = z.object({ target: z.object({ hash: z.string() }) });

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

async function list(input: Input, start: Start, bitbucket: Reader): Promise<Answer> {
  const target = targetOf(input, start);
  let answer: ReadListing;
  try {
    answer = await bitbucket.get({
      target: withQuery(target, { pagelen: input.pagelen, page: start.cursor }),
      refuse: (head) => (isFile(head) ? notADirectory(input) : undefined),
      read: (answer) => readListing(input, answer),
    });
  } catch (error) {
    // The main branch was named by the repository and has no commit yet.
    if (isNotFound(error) && input.ref === undefined && input.page === undefined && isRoot(input)) {
      return answerOf(input, { ref: start.shown, entries: [] });
    }
    throw error;
  }
  // A later page is a listing because the first one was.
  if (input.page === undefined && mayBeJsonFile(input, answer.head))
    await confirmDirectory(input, target, bitbucket);

  const { listing } = answer;
  if (listing === null) throw brokenAnswer(answer.requestId);
  const cursor = cursorOf(listing.next, bitbucket)?.get('page');
  const commit = listing.values[0]?.commit.hash;
  const next =
    cursor == null || commit === undefined
      ? undefined
      : writeTreeToken({ commit, cursor, ref: start.shown }, scopeOf(input));
  return answerOf(input, { ref: start.shown, entries: listing.values, next }, answer.requestId);
}

const isRoot = ({ path = '' }: Input) => path === '';

function targetOf({ repo, path = '' }: Input, start: Start): string {
  const { target } = at`/repositories/${repo.workspace}/${repo.slug}/src/${start.at}/`;
  return target + encodePath(path);
}

/**
 * Headers decide what a path is, never its content: a file comes as an attachment, in a type of its own, or from
 * the host of large files.
 */
function isFile({ status, headers }: UpstreamHead): boolean {
  if (status >= 300) return URL.parse(headers.location ?? '')?.hostname === 'api.media.atlassian.com';
  return (
    'content-disposition' in headers || !/^application\/(.+\+)?json\b/i.test(headers['content-type'] ?? '')
  );
}

/** The type of a file is guessed from its extension, so only a name with a dot could be JSON. */
function mayBeJsonFile({ path = '' }: Input, { headers }: UpstreamHead): boolean {
  return !('content-disposition' in headers) && path.slice(path.lastIndexOf('/') + 1).includes('.');
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

const ListingBody = z.object({
  next: z.string().optional(),
  values: z.array(
    z.object({
      path: z.string(),
      type: z.string(),
      size: z.number().nullish(),
      commit: z.object({ hash: z.string() }),
    }),
  ),
});

interface Listing {
  readonly ref: string | null;
  readonly entries: z.output<typeof ListingBody>['values'];
  readonly next?: string | undefined;
}

function answerOf(input: Input, { ref, entries, next }: Listing, upstreamRequestId?: string): Answer {
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
    upstreamRequestId,
    links: next === undefined ? {} : { next: [...paramsOf(input), ['page', next]] },
  };
}

const isNotFound = (error: unknown) => error instanceof Failure && error.code === 'upstream_not_found';

/** Reads a body as `schema` has it; null for any other. */
const as =
  <Schema extends z.ZodType>(schema: Schema) =>
  ({ body }: UpstreamAnswer): z.output<Schema> | null => {
    const parsed = schema.safeParse(jsonOf(body.plain()));
    return parsed.success ? parsed.data : null;
  };

function jsonOf(text: Buffer): unknown {
  try {
    return JSON.parse(text.toString());
  } catch {
    return undefined;
  }
}

interface ReadListing {
  readonly head: UpstreamHead;
  /** Null when it may be the content of a file, which is for `format=meta` to say. */
  readonly listing: z.output<typeof ListingBody> | null;
  readonly requestId: string | undefined;
}

function readListing(input: Input, answer: UpstreamAnswer): ReadListing | null {
  const listing = as(ListingBody)(answer);
  if (listing === null && !mayBeJsonFile(input, answer)) return null;
  return { head: answer, listing, requestId: answer.requestId };
}
