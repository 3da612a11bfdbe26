import { createProxied, waysOf } from './proxied.ts';
import type { Names, ProxyTerms } from './proxy-terms.ts';
import { createSession } from './session-name.ts';
import type { Source } from './source.ts';
import type { SourceTools } from './tools.ts';

/** A gateway that leaves from another address with every tunnel: each tunnel is an exit and ends with it. */
export function createRotating(terms: ProxyTerms, names: Names, tools: SourceTools): Source {
  const { sessionPattern } = terms;
  let serial = 0;
  return createProxied(names, true, (given) => {
    const session = sessionPattern && (given ?? createSession(sessionPattern, tools.random));
    serial += 1;
    return {
      id: `${names.id}.${serial}`,
      label: `${names.label}#${serial}`,
      session,
      kept: false,
      oneTunnel: true,
      ...waysOf(terms, session, tools),
    };
  });
}
