import { remembered } from '../domain/remembered.ts';

/** How a body may be written on its way to the caller. */
export type ContentCoding = 'gzip' | 'br' | 'zstd' | 'identity';

export interface Negotiated {
  readonly encoding: ContentCoding;
  /** Whether the caller would take the body as it is where that costs less. */
  readonly isPlainFine: boolean;
}

/** Among equals the first: gzip comes compressed from Bitbucket, the others cost a compression of ours. */
const OURS = ['gzip', 'zstd', 'br'] as const;

/**
 * The encoding that the caller likes best (RFC 9110, 12.5.3). `*` stands for gzip at most, for who names neither br
 * nor zstd may not know them; a caller who refuses everything gets gzip.
 */
export const negotiate = (acceptEncoding: string | undefined): Negotiated => negotiated(acceptEncoding ?? '');

/** So many different headers are remembered: clients of one kind send the same. */
const negotiated = remembered(100, (acceptEncoding) => negotiateAmong(acceptEncoding, OURS));

/** As `negotiate`. `liked`: what is sent among equals. */
export function negotiateAmong(acceptEncoding: string, liked: readonly (typeof OURS)[number][]): Negotiated {
  const weights = new Map(acceptEncoding.split(',').map(weightOf));
  const others = weights.get('*');
  const plain = weights.get('identity');
  const weigh = (name: string) =>
    weights.get(name) ?? (name === 'gzip' ? (weights.get('x-gzip') ?? others) : undefined) ?? 0;
  const best = liked.reduce((best, name) => (weigh(name) > weigh(best) ? name : best));
  const isPlainFine = (plain ?? others ?? 1) > 0;
  if (weigh(best) === 0) return { encoding: isPlainFine ? 'identity' : 'gzip', isPlainFine };
  return { encoding: plain !== undefined && plain > weigh(best) ? 'identity' : best, isPlainFine };
}

/** A name and its weight; a weight that is none counts as none given. */
function weightOf(part: string): [name: string, weight: number] {
  const [name = '', ...parameters] = part
    .trim()
    .toLowerCase()
    .split(/\s*;\s*/);
  const given = parameters.map((parameter) => /^q\s*=\s*(\d(?:\.\d*)?)$/.exec(parameter)?.[1]).find(Boolean);
  return [name, given === undefined ? 1 : Math.min(1, Number(given))];
}
