import type { Body } from '../domain/upstream.ts';

/** A text of our own as a body. */
export const bodyOf = (text: Buffer): Body => ({
  encoding: 'identity',
  wire: [text],
  digest: () => null,
  plain: () => text,
  forget: () => {},
});
