import { waysOf } from './proxy.ts';
import type { Names, ProxyTerms } from './proxy-terms.ts';
import { createSession } from './session-name.ts';
import type { Minted, Source } from './source.ts';
import type { SourceTools } from './tools.ts';

/** A gateway that leaves from another address with every tunnel: each tunnel is an exit and ends with it. */
export function createRotating(terms: ProxyTerms, names: Names, tools: SourceTools): Source {
  const pattern = terms.sessionPattern;
  let serial = 0;
  return Object.freeze({
    ...names,
    many: true,
    ejectable: true,
    hourlyBudget: null,
    mint: (given?: string): Minted => {
      const session = pattern === null ? null : (given ?? createSession(pattern, tools.random));
      serial += 1;
      return {
        id: `${names.id}.${serial}`,
        label: `${names.label}#${serial}`,
        session,
        kept: false,
        oneTunnel: true,
        ...waysOf(terms, session, tools),
      };
    },
  });
}
