import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import { type Certificate, createCertificate } from './certificate.ts';
import { createWorld, type Repo, type World } from './data.ts';
import { ctxPage, filtered, type Listing, numericPage, Refusal, sorted, tokenPage } from './listing.ts';
import type { Json } from './objects.ts';

export interface StandInOptions {
  /** Calls an address may make in any 60 minutes. */
  readonly hourlyBudget?: number;
  readonly certificate?: Certificate;
}

export interface Seen {
  readonly target: string;
  readonly headers: IncomingMessage['headers'];
  readonly address: string;
  status: number;
}

/** Answers in place of the stand-in. */
export type Fault = (request: IncomingMessage, response: ServerResponse) => void;

export interface StandIn {
  /** What `UPSTREAM_URL` is set to. */
  readonly url: string;
  readonly port: number;
  readonly certificate: Certificate;
  readonly world: World;
  /** Bytes of all bodies sent, as they were sent. */
  bodyBytes(): number;
  /** Every request since the start or the last `reset`. */
  readonly requests: Seen[];
  /** The next `times` requests whose target contains `part` meet `fault`. */
  fault(part: string, fault: Fault, times?: number): void;
  /** Forgets requests, faults and spent budgets. */
  reset(): void;
  close(): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string;
}

const HOUR_MS = 3_600_000;
const json = (value: Json | string): Answer => ({
  status: 200,
  body: typeof value === 'string' ? value : JSON.stringify(value),
});

/** A server that behaves to anonymous readers as Bitbucket's API does. */
export async function createStandIn({
  hourlyBudget = 60,
  certificate = createCertificate(),
}: StandInOptions = {}): Promise<StandIn> {
  const world = createWorld();
  const requests: Seen[] = [];
  const faults: { part: string; fault: Fault; left: number }[] = [];
  const calls = new Map<string, number[]>();
  let bodyBytes = 0;

  const server = createServer({ key: certificate.key, cert: certificate.cert }, (request, response) => {
    const target = request.url ?? '';
    const address = request.socket.remoteAddress ?? '';
    const seen: Seen = { target, headers: request.headers, address, status: 0 };
    requests.push(seen);
    response.once('close', () => {
      seen.status = response.statusCode;
    });
    const planned = faults.find(({ part, left }) => left > 0 && target.includes(part));
    if (planned !== undefined) {
      planned.left -= 1;
      planned.fault(request, response);
      return;
    }
    const times = (calls.get(address) ?? []).filter((time) => time > Date.now() - HOUR_MS);
    calls.set(address, times);
    const limits = (remaining: number) => ({
      'x-ratelimit-limit': `${hourlyBudget}, ${hourlyBudget};w=3600`,
      'x-ratelimit-remaining': String(remaining),
      'x-ratelimit-reset': '3600',
    });
    if (times.length >= hourlyBudget) {
      const headers = { 'content-type': 'text/plain', 'cache-control': 'no-cache, no-store', ...limits(0) };
      response.writeHead(429, headers).end('Rate limit for this resource has been exceeded');
      return;
    }
    times.push(Date.now());
    bodyBytes += send(request, response, answerTo(world, target), limits(hourlyBudget - times.length));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;

  return {
    url: `https://127.0.0.1:${port}/2.0`,
    port,
    certificate,
    world,
    bodyBytes: () => bodyBytes,
    requests,
    fault: (part, fault, times = 1) => faults.push({ part, fault, left: times }),
    reset: () => {
      requests.length = 0;
      faults.length = 0;
      calls.clear();
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function send(
  request: IncomingMessage,
  response: ServerResponse,
  answer: Answer,
  limits: Readonly<Record<string, string>>,
): number {
  const id = createHash('md5').update(`${request.url}${Math.random()}`).digest('hex');
  const gzip = /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''));
  const body = Buffer.from(answer.body);
  const own = {
    'cache-control': 'max-age=900',
    etag: `"${createHash('md5').update(body).digest('hex')}"`,
    'x-request-id': id,
    ...limits,
  };
  const known = request.headers['if-none-match']?.split(', ') ?? [];
  if (answer.status === 200 && known.includes(own.etag)) {
    response.writeHead(304, own).end();
    return 0;
  }
  response.writeHead(answer.status, {
    'content-type': 'application/json; charset=utf-8',
    ...own,
    ...answer.headers,
    ...(gzip ? { 'content-encoding': 'gzip' } : {}),
  });
  const sent = gzip ? gzipSync(body) : body;
  response.end(sent);
  return sent.length;
}

function answerTo(world: World, target: string): Answer {
  const url = new URL(target, 'https://api.bitbucket.org');
  try {
    if (!url.pathname.startsWith('/2.0/')) return html(404);
    return route(world, url.pathname.slice('/2.0'.length), url.searchParams);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const data = error.data === undefined ? {} : { data: error.data };
    const body = { type: 'error', error: { message: error.message, ...data }, ...data };
    return { status: error.status, body: JSON.stringify(body) };
  }
}

const html = (status: number): Answer => ({
  status,
  headers: { 'content-type': 'text/html' },
  body: '<html><body>Not here</body></html>',
});

const NO_ACCESS =
  'You may not have access to this repository or it no longer exists in this workspace. If you think this repository exists and you have access, make sure you are authenticated.';

function route(world: World, path: string, query: URLSearchParams): Answer {
  const [kind, workspace = '', slug = '', ...rest] = path.slice(1).split('/');
  const name = decodeURIComponent(workspace).toLowerCase();
  if (kind === 'workspaces') return json(workspaceNamed(world, name).body);
  if (kind !== 'repositories') throw noRoute();
  if (slug === '') return repositoriesOf(world, name, path, query);
  const repo = repoNamed(world, name, decodeURIComponent(slug).toLowerCase());
  const list = (values: readonly Json[], maxPagelen = 100): Listing => ({
    path,
    query,
    values: sorted(filtered(values, query.get('q')), query.get('sort')),
    maxPagelen,
    defaultPagelen: 10,
  });
  switch (rest[0]) {
    case undefined:
      return json(repo.body);
    case 'refs':
      return refs(repo, rest.slice(1), list);
    case 'forks':
      return json(numericPage(list(repo.forks)));
    case 'watchers':
      return json(numericPage(list(repo.watchers)));
    case 'pullrequests':
      return json(numericPage(list(query.has('q') ? repo.pullrequests : inStates(repo, query), 50)));
    case 'commits':
      return commits(repo, list, query);
    case 'src':
      return src(repo, path, rest.slice(1), query);
    default:
      throw noRoute();
  }
}

const noRoute = () => new Refusal(404, 'Resource not found');

function workspaceNamed(world: World, name: string) {
  if (name === 'closed') throw new Refusal(403, 'You do not have access to this workspace.');
  if (name === 'spam') throw new Refusal(410, 'This workspace is gone.');
  const workspace = world.workspaces.get(name);
  if (workspace === undefined) throw new Refusal(404, `No workspace with identifier '${name}'.`);
  return workspace;
}

function repositoriesOf(world: World, name: string, path: string, query: URLSearchParams): Answer {
  const values = sorted(
    filtered(workspaceNamed(world, name).repositories, query.get('q')),
    query.get('sort'),
  );
  return json(numericPage({ path, query, values, maxPagelen: 100, defaultPagelen: 10 }));
}

function repoNamed(world: World, workspace: string, slug: string): Repo {
  const byUuid = [...world.repos.values()].find((repo) => repo.uuid === slug);
  const repo = world.repos.get(`${workspace}/${slug}`) ?? byUuid;
  if (repo !== undefined) return repo;
  workspaceNamed(world, workspace);
  throw new Refusal(404, NO_ACCESS);
}

function refs(repo: Repo, [kind, ...segments]: string[], list: (values: readonly Json[]) => Listing): Answer {
  const values = kind === 'branches' ? repo.branches : kind === 'tags' ? repo.tags : undefined;
  if (values === undefined) throw noRoute();
  if (segments.length === 0) return json(numericPage(list(values)));
  const name = decodeURIComponent(segments.join('/'));
  const ref = values.find((value) => value.name === name);
  if (ref === undefined) throw new Refusal(404, `${kind === 'tags' ? 'Tag' : 'Branch'} "${name}" not found`);
  return json(ref);
}

function inStates(repo: Repo, query: URLSearchParams): readonly Json[] {
  const wanted = query.getAll('state').map((state) => state.toUpperCase());
  return repo.pullrequests.filter(({ state }) =>
    (wanted.length === 0 ? ['OPEN'] : wanted).includes(String(state)),
  );
}

/** The cursor names its filter, so that a page of another list is refused. */
function commits(repo: Repo, list: (values: readonly Json[]) => Listing, query: URLSearchParams): Answer {
  const include = query.getAll('include');
  const unknown = include.filter((name) => hashNamed(repo, name) === undefined);
  if (unknown.length > 0) throw new Refusal(404, 'Commit not found', { shas: unknown });
  const everything = createHash('md5').update(repo.full).digest('hex');
  const some = createHash('md5').update(`${repo.full} some`).digest('hex');
  const isFiltered = include.length > 0 || query.has('path') || query.get('ctx') === some;
  const values = isFiltered ? repo.commits.slice(0, Math.ceil(repo.commits.length / 2)) : repo.commits;
  return json(ctxPage({ ...list(values), values, defaultPagelen: 30 }, isFiltered ? some : everything));
}

function hashNamed(repo: Repo, name: string): string | undefined {
  if (name === 'HEAD' || (name.length >= 7 && repo.head.startsWith(name))) return repo.head;
  const ref = [...repo.branches, ...repo.tags].find((value) => value.name === name);
  const hash = (ref?.target as Json | undefined)?.hash as string | undefined;
  const known = [...repo.commits, ...[...repo.branches, ...repo.tags].map(({ target }) => target as Json)];
  return hash ?? (known.some((commit) => commit.hash === name) ? name : undefined);
}

function src(repo: Repo, path: string, segments: readonly string[], query: URLSearchParams): Answer {
  if (repo.files.size === 0) throw new Refusal(404, NO_ACCESS);
  const [first] = segments;
  if (first === undefined || first === '') {
    const location = `https://api.bitbucket.org/2.0/repositories/${repo.full}/src/${repo.head}/`;
    return { status: 302, headers: { location }, body: '' };
  }
  // The ref ends at the first slash, also at an encoded one.
  const decoded = segments.map(decodeURIComponent).join('/');
  const [ref = '', ...below] = decoded.split('/');
  const hash = hashNamed(repo, ref);
  if (hash === undefined) throw new Refusal(404, 'Commit not found', { shas: [ref] });
  const folder = below.filter((segment) => segment !== '').join('/');
  const file = repo.files.get(folder);
  const meta = query.get('format') === 'meta';
  if (file !== undefined) return meta ? json(entryOf(repo, folder, hash, file)) : fileOf(folder, file);
  const entries = entriesOf(repo, folder, hash);
  if (entries.length === 0) throw new Refusal(404, `No such file or directory: ${folder}`);
  if (meta) return json({ path: folder, type: 'commit_directory', commit: { hash, type: 'commit' } });
  const tokenOf = (offset: number) =>
    `${createHash('md5').update(folder).digest('hex').slice(0, 4)}${offset.toString(36)}`;
  return json(tokenPage({ path, query, values: entries, maxPagelen: 100, defaultPagelen: 10 }, tokenOf));
}

const TYPES: Readonly<Record<string, string>> = {
  json: 'application/json',
  md: 'text/plain',
  txt: 'text/plain',
};

const fileOf = (path: string, body: string): Answer => ({
  status: 200,
  headers: {
    'content-type': TYPES[path.split('.').at(-1) ?? ''] ?? 'application/octet-stream',
    'content-disposition': `attachment; filename="${encodeURIComponent(path.split('/').at(-1) ?? '')}"`,
  },
  body,
});

/** Directories first, then files, each by name. */
function entriesOf(repo: Repo, folder: string, hash: string): Json[] {
  const prefix = folder === '' ? '' : `${folder}/`;
  const folders = new Set<string>();
  const files: Json[] = [];
  for (const [path, content] of repo.files) {
    if (!path.startsWith(prefix)) continue;
    const rest = path.slice(prefix.length);
    if (rest.includes('/')) folders.add(prefix + rest.slice(0, rest.indexOf('/')));
    else files.push(entryOf(repo, path, hash, content));
  }
  const directory = (path: string): Json => ({
    path,
    type: 'commit_directory',
    commit: { hash, type: 'commit' },
  });
  return [...[...folders].sort().map(directory), ...files];
}

const entryOf = (_repo: Repo, path: string, hash: string, content: string): Json => ({
  path,
  size: Buffer.byteLength(content),
  type: 'commit_file',
  commit: { hash, type: 'commit' },
  attributes: [],
  mimetype: null,
});
