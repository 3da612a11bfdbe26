import { digestOf } from './identity.ts';
import { waysOf } from './proxy.ts';
import type { Names, ProxyTerms } from './proxy-terms.ts';
import { createSession } from './session-name.ts';
import type { Minted, Source } from './source.ts';
import type { SourceTools } from './tools.ts';

/** A template of user or password: each session is an exit, which the vendor keeps at one address for a while. */
export function createSessions(terms: ProxyTerms, names: Names, tools: SourceTools): Source {
  const pattern = terms.sessionPattern ?? { digits: false };
  let serial = 0;
  return Object.freeze({
    ...names,
    many: true,
    ejectable: true,
    hourlyBudget: null,
    mint: (session = createSession(pattern, tools.random)): Minted => {
      serial += 1;
      return {
        id: digestOf([names.id, session]),
        label: `${names.label}#${serial}`,
        session,
        kept: false,
        oneTunnel: false,
        ...waysOf(terms, session, tools),
      };
    },
  });
}
