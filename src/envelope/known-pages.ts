import { rememberedBy } from '../domain/remembered.ts';
import type { Body } from '../domain/upstream.ts';

/** As many are known by their bytes; what is kept of one takes some 300 bytes. */
const KNOWN_PAGES = 1_000;

/**
 * `find`, which looks at nothing but a page's bytes, run once for each of the compressed pages that came last: who
 * polls is sent the same bytes until something changes. Nothing of the page itself is kept (ADR 48).
 */
export const oncePerPage = <Found extends object>(find: (page: Body) => Found | null) =>
  rememberedBy((page: Body) => page.digest(), KNOWN_PAGES, find);
