import { promisify } from 'node:util';
import { brotliCompress, constants, gzip, zstdCompress } from 'node:zlib';

/** Below it the headers cost more than is saved. */
const MIN_BYTES = 1_024;

const brotli = promisify(brotliCompress);
const zstd = promisify(zstdCompress);
const deflate = promisify(gzip);

/** Best first for JSON of a few hundred kB: zstd and br at their quick levels, gzip for everyone else. */
const ENCODERS: Readonly<Record<string, (body: Buffer) => Promise<Buffer>>> = {
  zstd: (body) => zstd(body),
  br: (body) => brotli(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 4 } }),
  gzip: (body) => deflate(body, { level: 5 }),
};

/** Which of our encodings the caller likes best (RFC 9110, 12.5.3); null for none. */
export function encodingFor(acceptEncoding: string | undefined): string | null {
  if (acceptEncoding === undefined) return null;
  const weights = new Map(acceptEncoding.split(',').map(weightOf));
  const weigh = (name: string) => weights.get(name) ?? weights.get('*') ?? 0;
  let best: string | null = null;
  for (const name of Object.keys(ENCODERS)) if (weigh(name) > (best === null ? 0 : weigh(best))) best = name;
  return best;
}

function weightOf(part: string): [string, number] {
  const [name = '', ...parameters] = part
    .trim()
    .toLowerCase()
    .split(/\s*;\s*/);
  const q = parameters
    .map((parameter) => /^q=(\d(?:\.\d{1,3})?)$/.exec(parameter)?.[1])
    .find((text) => text !== undefined);
  return [name, q === undefined ? 1 : Number(q)];
}

/** A body as it leaves, and the headers that say what was done to it. */
export interface Squeezed {
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, string>>;
}

/** `body` in the encoding that `accept-encoding` likes best. */
export async function squeeze(body: Buffer, acceptEncoding: string | undefined): Promise<Squeezed> {
  if (body.length < MIN_BYTES) return { body, headers: {} };
  const encoding = encodingFor(acceptEncoding);
  const encode = encoding === null ? undefined : ENCODERS[encoding];
  if (encoding === null || encode === undefined) return { body, headers: { vary: 'accept-encoding' } };
  return { body: await encode(body), headers: { vary: 'accept-encoding', 'content-encoding': encoding } };
}
