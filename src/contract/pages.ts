import { hash } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { BASE_PATH } from '../endpoints/table.ts';
import { docsPage } from './docs.ts';
import { llmsFullTxt, llmsTxt, operationMd, type Told } from './llms.ts';
import { openApiOf } from './openapi.ts';

export interface PagesOptions extends Told {
  readonly version: string;
  /** Counts a reader by its address. */
  guard(request: FastifyRequest): Promise<void>;
}

const MARKDOWN = 'text/markdown; charset=utf-8';
const TEXT = 'text/plain; charset=utf-8';

/** What is told about the table, for everyone: made once, at the start. */
export function servePages(app: FastifyInstance, options: PagesOptions): void {
  const { table, base, version, guard } = options;
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
      onRequest: guard,
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
  const docs = docsPage(options);
  serve('/docs', 'text/html; charset=utf-8', docs.html, {
    'content-security-policy': docs.policy,
    'referrer-policy': 'no-referrer',
  });
}
