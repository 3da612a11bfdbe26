import { createServer } from 'node:http';
import { PAGES, PATHS, SIZES } from './pages.ts';
import { tellReady } from './told.ts';

/** Peer (a): node:http with constant bodies; what the HTTP server alone costs. */
const bodies = new Map(SIZES.map((size) => [PATHS[size].upstream, PAGES[size]]));
const server = createServer((request, response) => {
  const page = bodies.get(request.url ?? '');
  const isGzip = request.headers['accept-encoding'] === 'gzip';
  const body = (isGzip ? page?.gzip : page?.text) ?? Buffer.alloc(0);
  response.writeHead(200, {
    'content-type': 'application/json; charset=utf-8',
    'content-length': body.length,
    ...(isGzip ? { 'content-encoding': 'gzip' } : {}),
  });
  response.end(body);
});
server.keepAliveTimeout = 120_000;
server.listen(0, '127.0.0.1', () => tellReady(server));
