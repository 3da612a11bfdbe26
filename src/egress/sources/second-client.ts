import { HttpsProxyAgent } from 'https-proxy-agent';
import type { ProxyAddress, ProxyCredentials } from './proxy-terms.ts';
import { proxyAuthorization } from './tunnel.ts';

/**
 * An agent for node:http that leaves through the same proxy by code that is not ours: the second opinion of
 * `exits -- check`. Never used for calls: it has no time limit for CONNECT and no bound on its headers.
 */
export function createSecondClient(
  { scheme, host, port }: ProxyAddress,
  credentials: ProxyCredentials | null,
) {
  const name = host.includes(':') ? `[${host}]` : host;
  return new HttpsProxyAgent<string>(`${scheme}://${name}:${port}`, {
    headers: proxyAuthorization(credentials),
  });
}
