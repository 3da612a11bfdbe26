import { promisify } from 'node:util';
import { brotliCompress, constants, gzip, zstdCompress } from 'node:zlib';
import type { ContentCoding } from './negotiate.ts';

/** Below it the headers cost more than is saved. */
export const WORTH_BYTES = 1_024;

const brotli = promisify(brotliCompress);
const zstd = promisify(zstdCompress);
const deflate = promisify(gzip);

type Compressed = Exclude<ContentCoding, 'identity'>;

/** Each at the level where more effort would save little: these bodies are made for one call and thrown away. */
const COMPRESS: Readonly<Record<Compressed, (text: Buffer) => Promise<Buffer>>> = {
  gzip: (text) => deflate(text, { level: 3 }),
  br: (text) => brotli(text, { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } }),
  zstd: (text) => zstd(text),
};

/** `text` in that encoding; on the thread pool, for it takes milliseconds. */
export const compress = (text: Buffer, encoding: Compressed): Promise<Buffer> => COMPRESS[encoding](text);
