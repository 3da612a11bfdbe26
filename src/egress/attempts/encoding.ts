/** How a `content-encoding` is read; `unknown` for what nobody asked for. */
export type Encoding = 'identity' | 'gzip' | 'br' | 'unknown';

const ENCODINGS: ReadonlyMap<string, Encoding> = new Map([
  ['', 'identity'],
  ['identity', 'identity'],
  ['gzip', 'gzip'],
  ['x-gzip', 'gzip'],
  ['br', 'br'],
]);

export const encodingOf = (header = ''): Encoding => ENCODINGS.get(header.trim().toLowerCase()) ?? 'unknown';
