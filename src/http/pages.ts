import type { FastifyInstance } from 'fastify';
import { docsPage } from '../describe/docs-page.ts';
import { type PagesOptions, pagesOf } from '../describe/pages.ts';
import { Failure } from '../domain/failure.ts';
import { BASE_PATH } from '../endpoints/table.ts';
import { type DocsScript, loadDocsScript } from './docs-script.ts';
import { createKeptText } from './kept-text.ts';

const METHOD = ['GET', 'HEAD'];

/** What is told about the table, for everyone and without a key: written once, at the start. No call of the way. */
export function servePages(server: FastifyInstance, options: PagesOptions): void {
  for (const { path, type, text } of pagesOf(options)) {
    const kept = createKeptText(Buffer.from(text));
    const headers = { 'content-type': type, 'cache-control': 'public, max-age=300' };
    server.route({
      method: METHOD,
      url: BASE_PATH + path,
      handler: (request, reply) => kept.send(request, reply, headers),
    });
  }
  serveDocs(server, options);
}

/** The page for people, and the script that draws it. */
function serveDocs(server: FastifyInstance, options: PagesOptions): void {
  const load = once(async () => {
    const script = await loadDocsScript();
    const { html, policy } = docsPage(options, script.name);
    return { page: createKeptText(Buffer.from(html)), policy, script };
  });
  server.route({
    method: METHOD,
    url: `${BASE_PATH}/docs`,
    handler: async (request, reply) => {
      const { page, policy } = await load();
      return page.send(request, reply, {
        'content-type': 'text/html; charset=utf-8',
        'cache-control': 'no-cache',
        'content-security-policy': policy,
        'referrer-policy': 'no-referrer',
      });
    },
  });
  server.route<{ Params: { name: string } }>({
    method: METHOD,
    url: `${BASE_PATH}/docs/:name`,
    handler: async (request, reply) => {
      const { script }: { script: DocsScript } = await load();
      if (request.params.name !== script.name) {
        throw new Failure('route_not_found', `There is nothing here. The docs are at ${BASE_PATH}/docs.`);
      }
      return script.text.send(request, reply, {
        'content-type': 'text/javascript; charset=utf-8',
        'cache-control': 'public, max-age=31536000, immutable',
      });
    },
  });
}

function once<Value>(make: () => Promise<Value>): () => Promise<Value> {
  let made: Promise<Value> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
