import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { LISTING_PATHS, LISTINGS, listPage, NEW_PATHS, PAGES, PATHS, type Page, SIZES } from './pages.ts';
import { tellReady } from './told.ts';

/**
 * Bitbucket with canned pages: TLS, gzip where it is asked for, entity tags. `/bytes/N` is a list of N bytes; below
 * `/new` no two answers in gzip have the same bytes.
 */
const [certificate = '', key = ''] = process.argv.slice(2);
const pages = new Map<string, Page>();
for (const size of SIZES) {
  pages.set(`/2.0${PATHS[size].upstream}`, PAGES[size]);
  pages.set(`/2.0${LISTING_PATHS[size].upstream}`, LISTINGS[size]);
  pages.set(`/2.0${NEW_PATHS[size].upstream}`, PAGES[size]);
}

let stamped = 0;
/** The same stream as a file of another moment: MTIME (RFC 1952) has no say in what it inflates to. */
function stampedAnew(gzip: Buffer): Buffer {
  const copy = Buffer.from(gzip);
  copy.writeUInt32LE(++stamped, 4);
  return copy;
}

function pageAt(url: string): Page | undefined {
  const known = pages.get(url);
  const bytes = /^\/2\.0\/repositories\/bytes\/n(\d+)\//.exec(url)?.[1];
  if (known !== undefined || bytes === undefined) return known;
  const page = listPage(Number(bytes));
  pages.set(url, page);
  return page;
}

const server = createServer(
  { cert: readFileSync(certificate), key: readFileSync(key) },
  (request, response) => {
    const page = pageAt(request.url ?? '');
    if (page === undefined) {
      response.writeHead(404, { 'content-type': 'application/json' }).end('{"type":"error"}');
      return;
    }
    const headers = {
      etag: page.etag,
      vary: 'Accept-Encoding',
      'x-request-id': 'de1f0bf40868eb74',
      server: 'envoy',
    };
    if (request.headers['if-none-match']?.includes(page.etag)) {
      response.writeHead(304, headers).end();
      return;
    }
    const isGzip = /\bgzip\b/.test(request.headers['accept-encoding'] ?? '');
    const isNew = request.url?.startsWith('/2.0/repositories/new/');
    const gzip = isNew ? stampedAnew(page.gzip) : page.gzip;
    const body = isGzip ? gzip : page.text;
    response.writeHead(200, {
      ...headers,
      'content-type': 'application/json; charset=utf-8',
      'cache-control': 'max-age=900',
      'content-length': body.length,
      ...(isGzip ? { 'content-encoding': 'gzip' } : {}),
    });
    response.end(body);
  },
);
server.keepAliveTimeout = 120_000;
server.listen(0, '127.0.0.1', () => tellReady(server));
