import { createConnector } from './connector.ts';
import { isSocks, type Names, type ProxyTerms } from './proxy-terms.ts';
import { createSecondClient } from './second-client.ts';
import { dialBySocks } from './socks.ts';
import type { Minted, Source } from './source.ts';
import type { SourceTools } from './tools.ts';
import { dialByConnect } from './tunnel.ts';

/** What all sources of proxies have in common: faults may set their exits aside, and the operator's budget holds. */
export const createProxied = (names: Names, many: boolean, mint: Source['mint']): Source =>
  Object.freeze({ ...names, many, ejectable: true, hourlyBudget: null, mint });

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
