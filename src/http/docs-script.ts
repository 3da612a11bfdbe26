import { hash } from 'node:crypto';
import { promisify } from 'node:util';
import { brotliCompress, constants } from 'node:zlib';
import Fastify from 'fastify';

/** What draws the reference in a browser. */
export interface DocsScript {
  /** Behind `/docs/`; another content has another name, so that it may be kept for ever. */
  readonly name: string;
  readonly plain: Buffer;
  readonly brotli: Buffer;
}

/** 4.9 MB become 1.2 MB in half a second, once; level 11 would take ten times as long for 6 % less. */
const BROTLI_QUALITY = 9;

/**
 * Scalar, as its package hands it out: through a route of its plugin alone. Loaded when the first reader comes, since
 * most gateways never show the page.
 */
export async function loadDocsScript(): Promise<DocsScript> {
  const { default: scalar } = await import('@scalar/fastify-api-reference');
  const carrier = Fastify();
  await carrier.register(scalar, { routePrefix: '/docs', configuration: { content: {} } });
  const { rawPayload: plain, statusCode } = await carrier.inject('/docs/js/scalar.js');
  await carrier.close();
  if (statusCode !== 200) throw new Error('the script of the docs page is not where its package keeps it');
  const brotli = await promisify(brotliCompress)(plain, {
    params: { [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY },
  });
  return { name: `scalar-${hash('sha256', plain, 'hex').slice(0, 16)}.js`, plain, brotli };
}
