import type { FastifyInstance } from 'fastify';
import { consolePage } from '../describe/console-page.ts';
import { docsPage } from '../describe/docs-page.ts';
import type { HtmlPage } from '../describe/html.ts';
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

/** The page for people, and the console in it with the script that draws it: loaded when the first reader tries a call. */
function serveDocs(server: FastifyInstance, options: PagesOptions): void {
  const docs = docsPage(options);
  const page = createKeptText(Buffer.from(docs.html));
  server.route({
    method: METHOD,
    url: `${BASE_PATH}/docs`,
    handler: (request, reply) => page.send(request, reply, headersOf(docs)),
  });
  const load = once(async () => {
    const script = await loadDocsScript();
    const page = consolePage(script.name);
    return { page, text: createKeptText(Buffer.from(page.html)), script };
  });
  server.route({
    method: METHOD,
    url: `${BASE_PATH}/docs/console`,
    handler: async (request, reply) => {
      const { page, text } = await load();
      return text.send(request, reply, headersOf(page));
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

const headersOf = ({ policy }: HtmlPage) => ({
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-cache',
  'content-security-policy': policy,
  'referrer-policy': 'no-referrer',
});

function once<Value>(make: () => Promise<Value>): () => Promise<Value> {
  let made: Promise<Value> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
