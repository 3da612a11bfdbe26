import { createProxied, waysOf } from './proxied.ts';
import type { Names, ProxyTerms } from './proxy-terms.ts';
import type { Source } from './source.ts';
import type { SourceTools } from './tools.ts';

/** One proxy with an address of its own: one exit, the same after a restart. */
export function createProxy(terms: ProxyTerms, names: Names, tools: SourceTools): Source {
  return createProxied(names, false, () => ({
    id: names.id,
    label: names.label,
    session: null,
    kept: true,
    oneTunnel: false,
    ...waysOf(terms, null, tools),
  }));
}
