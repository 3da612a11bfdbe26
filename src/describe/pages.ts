import { hash } from 'node:crypto';
import type { FastifyInstance } from 'fastify';
import { Failure } from '../domain/failure.ts';
import { BASE_PATH } from '../endpoints/table.ts';
import { docsPage } from './docs-page.ts';
import { type DocsScript, loadDocsScript } from './docs-script.ts';
import { llmsFullTxt, llmsTxt, operationMd, type Source } from './llms.ts';
import { openApiOf } from './openapi.ts';

export interface PagesOptions extends Source {
  readonly version: string;
}

const MARKDOWN = 'text/markdown; charset=utf-8';
const TEXT = 'text/plain; charset=utf-8';

/** What is told about the table, for everyone: made once, at the start. */
export function servePages(app: FastifyInstance, options: PagesOptions): void {
  const { table, base, version } = options;
  const serve = (
    path: string,
    type: string,
    text: string,
    headers: Readonly<Record<string, string>> = {},
  ) => {
    const body = Buffer.from(text);
    const etag = `"${hash('sha256', body, 'base64url').slice(0, 22)}"`;
    app.route({
      method: ['GET', 'HEAD'],
      url: BASE_PATH + path,
      handler: async (request, reply) => {
        reply.headers({
          'content-type': type,
          'cache-control': 'public, max-age=300',
          'access-control-allow-origin': '*',
          'x-content-type-options': 'nosniff',
          etag,
          ...headers,
        });
        return request.headers['if-none-match'] === etag ? reply.code(304).send() : reply.send(body);
      },
    });
  };

  serve(
    '/openapi.json',
    'application/json; charset=utf-8',
    JSON.stringify(openApiOf(table, version), null, 2),
  );
  serve('/llms.txt', TEXT, llmsTxt(options));
  serve('/llms-full.txt', TEXT, llmsFullTxt(options));
  for (const row of table) serve(`/llms/${row.operationId}.md`, MARKDOWN, operationMd(row, base));
  serveDocs(app, options);
}

/** Every browser that can draw the page knows brotli. */
const TAKES_BROTLI = /\bbr\b(?!\s*;\s*q=0(?:\.0*)?(?![\d.]))/i;

/** The page for people, and the script that draws it. */
function serveDocs(app: FastifyInstance, options: PagesOptions): void {
  let loading: Promise<DocsScript> | undefined;
  const load = () => {
    loading ??= loadDocsScript();
    return loading;
  };
  const common = { 'access-control-allow-origin': '*', 'x-content-type-options': 'nosniff' };
  const method = ['GET', 'HEAD'];
  app.route({
    method,
    url: `${BASE_PATH}/docs`,
    handler: async (_request, reply) => {
      const { html, policy } = docsPage(options, (await load()).name);
      return reply
        .headers({
          ...common,
          'content-type': 'text/html; charset=utf-8',
          'cache-control': 'no-cache',
          'content-security-policy': policy,
          'referrer-policy': 'no-referrer',
        })
        .send(html);
    },
  });
  app.route<{ Params: { name: string } }>({
    method,
    url: `${BASE_PATH}/docs/:name`,
    handler: async (request, reply) => {
      const script = await load();
      if (request.params.name !== script.name) {
        throw new Failure('route_not_found', `There is nothing here. The docs are at ${BASE_PATH}/docs.`);
      }
      const brotli = TAKES_BROTLI.test(String(request.headers['accept-encoding'] ?? ''));
      return reply
        .headers({
          ...common,
          'content-type': 'text/javascript; charset=utf-8',
          'cache-control': 'public, max-age=31536000, immutable',
          vary: 'accept-encoding',
          ...(brotli ? { 'content-encoding': 'br' } : {}),
        })
        .send(brotli ? script.brotli : script.plain);
    },
  });
}
