import { hash } from 'node:crypto';
import Fastify from 'fastify';
import { createKeptText, type KeptText } from './kept-text.ts';

/** What draws the reference in a browser. */
export interface DocsScript {
  /** Behind `/docs/`; another content has another name, so that it may be kept for ever. */
  readonly name: string;
  readonly text: KeptText;
}

/**
 * Scalar, as its package hands it out: through a route of its plugin alone. Loaded when a call is first tried, since
 * most gateways never show the console.
 */
export async function loadDocsScript(): Promise<DocsScript> {
  const { default: scalar } = await import('@scalar/fastify-api-reference');
  const carrier = Fastify();
  await carrier.register(scalar, { routePrefix: '/docs', configuration: { content: {} } });
  const { rawPayload: plain, statusCode } = await carrier.inject('/docs/js/scalar.js');
  await carrier.close();
  if (statusCode !== 200) throw new Error('the script of the docs page is not where its package keeps it');
  return {
    name: `scalar-${hash('sha256', plain, 'hex').slice(0, 16)}.js`,
    text: createKeptText(plain),
  };
}
