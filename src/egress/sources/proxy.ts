import { createConnector } from './connector.ts';
import { isSocks, type Names, type ProxyTerms } from './proxy-terms.ts';
import { createSecondClient } from './second-client.ts';
import { dialBySocks } from './socks.ts';
import type { Minted, Source } from './source.ts';
import type { SourceTools } from './tools.ts';
import { dialByConnect } from './tunnel.ts';

/** One proxy with an address of its own: one exit, the same after a restart. */
export function createProxy(terms: ProxyTerms, names: Names, tools: SourceTools): Source {
  return Object.freeze({
    ...names,
    many: false,
    ejectable: true,
    hourlyBudget: null,
    mint: (): Minted => ({
      id: names.id,
      label: names.label,
      session: null,
      kept: true,
      oneTunnel: false,
      ...waysOf(terms, null, tools),
    }),
  });
}

/** Both ways through a proxy, the session filled into user and password. */
export function waysOf(
  terms: ProxyTerms,
  session: string | null,
  tools: SourceTools,
): Pick<Minted, 'connect' | 'secondClient'> {
  const { scheme, host, port, user, pass } = terms;
  const credentials = terms.hasCredentials ? { user: user.fill(session), pass: pass.fill(session) } : null;
  const address = { scheme, host, port };
  if (isSocks(scheme)) {
    return { connect: createConnector(dialBySocks(address, credentials, tools.lookup), tools) };
  }
  return {
    connect: createConnector(dialByConnect(address, credentials), tools),
    secondClient: () => createSecondClient(address, credentials),
  };
}
