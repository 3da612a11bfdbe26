import { digestOf } from './identity.ts';
import { createProxied, waysOf } from './proxied.ts';
import type { Names, ProxyTerms } from './proxy-terms.ts';
import { createSession, type SessionPattern } from './session-name.ts';
import type { Source } from './source.ts';
import type { SourceTools } from './tools.ts';

/** A template of user or password: each session is an exit, which the vendor keeps at one address for a while. */
export function createSessions(
  terms: ProxyTerms,
  names: Names,
  tools: SourceTools,
  pattern: SessionPattern,
): Source {
  let serial = 0;
  return createProxied(names, true, (session = createSession(pattern, tools.random)) => {
    serial += 1;
    return {
      id: digestOf([names.id, session]),
      label: `${names.label}#${serial}`,
      session,
      kept: false,
      oneTunnel: false,
      ...waysOf(terms, session, tools),
    };
  });
}
