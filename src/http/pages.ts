import { hash } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { docsPage } from '../describe/docs-page.ts';
import { type PagesOptions, pagesOf } from '../describe/pages.ts';
import { Failure } from '../domain/failure.ts';
import { BASE_PATH } from '../endpoints/table.ts';
import { type DocsScript, loadDocsScript } from './docs-script.ts';

const METHOD = ['GET', 'HEAD'];
const FOR_EVERYONE = { 'access-control-allow-origin': '*', 'x-content-type-options': 'nosniff' };

/** What is told about the table, for everyone and without a key: written once, at the start. No call of the way. */
export function servePages(server: FastifyInstance, options: PagesOptions): void {
  for (const { path, type, text } of pagesOf(options)) {
    const body = Buffer.from(text);
    const etag = `"${hash('sha256', body, 'base64url').slice(0, 22)}"`;
    server.route({
      method: METHOD,
      url: BASE_PATH + path,
      handler: async (request, reply) => {
        reply.headers({
          ...FOR_EVERYONE,
          'content-type': type,
          'cache-control': 'public, max-age=300',
          etag,
        });
        return request.headers['if-none-match'] === etag ? reply.code(304).send() : reply.send(body);
      },
    });
  }
  serveDocs(server, options);
}

/** Every browser that can draw the page knows brotli. */
const TAKES_BROTLI = /\bbr\b(?!\s*;\s*q=0(?:\.0*)?(?![\d.]))/i;

/** The page for people, and the script that draws it. */
function serveDocs(server: FastifyInstance, options: PagesOptions): void {
  let loading: Promise<DocsScript> | undefined;
  const load = () => {
    loading ??= loadDocsScript();
    return loading;
  };
  server.route({
    method: METHOD,
    url: `${BASE_PATH}/docs`,
    handler: async (_request, reply) => {
      const { html, policy } = docsPage(options, (await load()).name);
      return reply
        .headers({
          ...FOR_EVERYONE,
          'content-type': 'text/html; charset=utf-8',
          'cache-control': 'no-cache',
          'content-security-policy': policy,
          'referrer-policy': 'no-referrer',
        })
        .send(html);
    },
  });
  server.route<{ Params: { name: string } }>({
    method: METHOD,
    url: `${BASE_PATH}/docs/:name`,
    handler: async (request, reply) => {
      const script = await load();
      if (request.params.name !== script.name) {
        throw new Failure('route_not_found', `There is nothing here. The docs are at ${BASE_PATH}/docs.`);
      }
      const brotli = TAKES_BROTLI.test(String(request.headers['accept-encoding'] ?? ''));
      return reply
        .headers({
          ...FOR_EVERYONE,
          'content-type': 'text/javascript; charset=utf-8',
          'cache-control': 'public, max-age=31536000, immutable',
          vary: 'accept-encoding',
          ...(brotli ? { 'content-encoding': 'br' } : {}),
        })
        .send(brotli ? script.brotli : script.plain);
    },
  });
}
