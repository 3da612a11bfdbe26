import { hash } from 'node:crypto';
import { gzipSync } from 'node:zlib';

export const SIZES = ['2 KB', '64 KB', '1 MB'] as const;
export type Size = (typeof SIZES)[number];

type Paths = Readonly<Record<Size, { readonly upstream: string; readonly gateway: string }>>;

/** Where each page of a workspace stands: behind `/2.0` upstream, and behind `/bitbucket-api` at the gateway. */
const pathsIn = (workspace: string): Paths => {
  const tagsOf = (name: string) => ({
    upstream: `/repositories/${workspace}/${name}/refs/tags?pagelen=30`,
    gateway: `/v1/repo/tags?repo=${workspace}/${name}`,
  });
  return {
    '2 KB': { upstream: `/repositories/${workspace}/small`, gateway: `/v1/repo?repo=${workspace}/small` },
    '64 KB': tagsOf('medium'),
    '1 MB': tagsOf('large'),
  };
};

export const PATHS = pathsIn('bench');

/** The same pages, of which each answer has bytes of its own: nothing that was found out about one is of use for the next. */
export const NEW_PATHS = pathsIn('new');

const pathsOfListing = (name: string) => ({
  upstream: `/repositories/bench/${name}/src/main/docs?pagelen=100`,
  gateway: `/v1/repo/src?repo=bench/${name}&ref=main&path=docs`,
});

/** The same for `/v1/repo/src`, which reshapes its page. */
export const LISTING_PATHS: Paths = {
  '2 KB': pathsOfListing('small'),
  '64 KB': pathsOfListing('medium'),
  '1 MB': pathsOfListing('large'),
};

export interface Page {
  readonly text: Buffer;
  readonly gzip: Buffer;
  readonly etag: string;
}

const uuidOf = (n: number) =>
  hash('sha256', `uuid ${n}`).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12}).*$/, '{$1-$2-$3-$4-$5}');

/** One item, about as long and as repetitive as Bitbucket's; a letter beyond Latin-1 in every third. */
function itemOf(n: number) {
  const name = `release-${n}.${(n * 7919) % 997}`;
  const own = `https://api.bitbucket.org/2.0/repositories/bench/large/refs/tags/${name}`;
  const author = ['Ada Łukasz', 'Grace Hopper', 'Zoë Müller'][n % 3];
  return {
    name,
    type: 'tag',
    message: n % 4 === 0 ? null : `Release ${name}, see [notes](https://example.org/${n})`,
    date: new Date(1_700_000_000_000 + n * 7_777_777).toISOString(),
    tagger: {
      type: 'author',
      raw: `${author} <a${n}@example.org>`,
      user: { uuid: uuidOf(n), nickname: author },
    },
    links: { self: { href: own }, commits: { href: `${own}/commits` }, html: { href: `${own}?at=${name}` } },
    target: {
      hash: hash('sha1', name),
      date: new Date(1_690_000_000_000 + n * 5_555_555).toISOString(),
      parents: [{ type: 'commit', hash: hash('sha1', `parent of ${name}`) }],
      repository: { type: 'repository', full_name: 'bench/large', uuid: uuidOf(1) },
      summary: { raw: `Merged in change ${n}`, markup: 'markdown', html: `<p>Merged in change ${n}</p>` },
    },
  };
}

/** A file in a directory. */
function fileOf(n: number) {
  const [path, commit] = [`docs/chapter-${n}/page-${(n * 7919) % 997}`, hash('sha1', 'main')];
  const own = `https://api.bitbucket.org/2.0/repositories/bench/large/src/${commit}/${path}`;
  return {
    path,
    commit: { hash: commit, type: 'commit', links: { self: { href: `${own}?commit` } } },
    type: 'commit_file',
    attributes: [],
    escaped_path: path,
    size: n * 37,
    mimetype: 'text/markdown',
    links: { self: { href: own }, meta: { href: `${own}?format=meta` }, history: { href: `${own}?history` } },
  };
}

function listOf(bytes: number, itemOf: (n: number) => object): object {
  const values: object[] = [];
  for (let length = 0; length < bytes; length += JSON.stringify(values.at(-1)).length + 1)
    values.push(itemOf(values.length));
  return { pagelen: 30, values, page: 1, next: 'https://api.bitbucket.org/2.0/x?page=2' };
}

function objectOf(bytes: number): object {
  const { links, target, ...rest } = itemOf(3);
  const object = { ...rest, links, target, mainbranch: { name: 'main' }, size: 1.0, description: '' };
  return { ...object, description: 'words '.repeat((bytes - JSON.stringify(object).length) / 6) };
}

function pageOf(value: object): Page {
  const text = Buffer.from(JSON.stringify(value));
  return { text, gzip: gzipSync(text), etag: `"${hash('md5', text)}"` };
}

/** A list of about that many bytes, for how cost grows. */
export const listPage = (bytes: number): Page => pageOf(listOf(bytes, itemOf));

export const PAGES: Readonly<Record<Size, Page>> = {
  '2 KB': pageOf(objectOf(2_000)),
  '64 KB': listPage(64_000),
  '1 MB': listPage(1_000_000),
};

const listingPage = (bytes: number): Page => pageOf(listOf(bytes, fileOf));

export const LISTINGS: typeof PAGES = {
  '2 KB': listingPage(1_500),
  '64 KB': listingPage(64_000),
  '1 MB': listingPage(1_000_000),
};
