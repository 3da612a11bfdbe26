import { hash } from 'node:crypto';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip, zstdCompress } from 'node:zlib';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { isKnown, readConditions } from '../envelope/etag.ts';
import { type ContentCoding, negotiate } from '../envelope/negotiate.ts';
import { headerOf } from './visit.ts';

/** Compressed once and sent often, so that effort pays: 4.9 MB of script become 1.2 MB in half a second. */
const PACK: Readonly<Record<ContentCoding, (text: Buffer) => Promise<Buffer>>> = {
  identity: async (text) => text,
  gzip: (text) => promisify(gzip)(text, { level: 9 }),
  br: (text) => promisify(brotliCompress)(text, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } }),
  zstd: (text) => promisify(zstdCompress)(text, { params: { [constants.ZSTD_c_compressionLevel]: 15 } }),
};

/** The smallest first. */
const LIKED = ['br', 'zstd', 'gzip'] as const;

/** A text for everyone, each encoding made when it is first asked for and then kept. */
export interface KeptText {
  /** Sends it with `headers`, or says that the caller has it already. */
  send(
    request: FastifyRequest,
    reply: FastifyReply,
    headers: Readonly<Record<string, string>>,
  ): Promise<unknown>;
}

export function createKeptText(text: Buffer): KeptText {
  const packed = new Map<ContentCoding, Promise<Buffer>>();
  const etag = `W/"${hash('sha256', text, 'base64url').slice(0, 22)}"`;
  const inEncoding = (encoding: ContentCoding) => {
    const known = packed.get(encoding) ?? PACK[encoding](text);
    packed.set(encoding, known);
    return known;
  };
  return {
    send: async (request, reply, headers) => {
      reply.headers({
        'access-control-allow-origin': '*',
        'x-content-type-options': 'nosniff',
        vary: 'accept-encoding',
        etag,
        ...headers,
      });
      if (isKnown(readConditions(headerOf(request, 'if-none-match')), etag)) return reply.code(304).send();
      const { encoding } = negotiate(headerOf(request, 'accept-encoding'), LIKED);
      if (encoding !== 'identity') reply.header('content-encoding', encoding);
      return reply.send(await inEncoding(encoding));
    },
  };
}
