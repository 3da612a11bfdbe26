import { type ClientRequest, request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isIPv6, type Socket } from 'node:net';
import type { Dial } from './connector.ts';
import type { ProxyAddress, ProxyCredentials } from './proxy-terms.ts';
import { spokeBeforeTls, tunnelErrorOf, tunnelRefused } from './tunnel-error.ts';
import type { Target } from './upstream-tls.ts';

const MAX_CONNECT_HEADERS = 16 * 1024;

/** A tunnel by CONNECT through an HTTP proxy, itself spoken to over TCP or TLS. */
export function dialByConnect(proxy: ProxyAddress, credentials: ProxyCredentials | null): Dial {
  return (target, signal) =>
    new Promise((resolve, reject) => {
      const request = connectRequest(proxy, credentials, authorityOf(target));
      const end = (settle: () => void) => {
        signal.removeEventListener('abort', onAbort);
        settle();
      };
      const stop = (error: Error) =>
        end(() => {
          request.destroy();
          reject(error);
        });
      const onAbort = () => stop(signal.reason as Error);
      signal.addEventListener('abort', onAbort, { once: true });
      request.once('connect', ({ statusCode = 0 }, socket: Socket, early: Buffer) => {
        if (statusCode === 200 && early.length === 0) return end(() => resolve(socket));
        socket.destroy();
        stop(statusCode === 200 ? spokeBeforeTls() : tunnelRefused(statusCode));
      });
      request.once('response', ({ statusCode = 0 }) => stop(tunnelRefused(statusCode)));
      request.on('error', (error) => stop(tunnelErrorOf(error, 'proxy')));
      request.end();
    });
}

function connectRequest(
  { scheme, host, port }: ProxyAddress,
  credentials: ProxyCredentials | null,
  authority: string,
): ClientRequest {
  return (scheme === 'https' ? httpsRequest : httpRequest)({
    host,
    port,
    method: 'CONNECT',
    path: authority,
    headers: { host: authority, ...proxyAuthorization(credentials) },
    agent: false,
    maxHeaderSize: MAX_CONNECT_HEADERS,
    ...(scheme === 'https'
      ? { rejectUnauthorized: true, servername: isIPv6(host) || /^[\d.]+$/.test(host) ? '' : host }
      : {}),
  });
}

/** IPv6 in brackets. */
const authorityOf = ({ hostname, port }: Target) =>
  `${isIPv6(hostname) ? `[${hostname}]` : hostname}:${port}`;

export function proxyAuthorization(credentials: ProxyCredentials | null): Record<string, string> {
  if (credentials === null) return {};
  const basic = Buffer.from(`${credentials.user}:${credentials.pass}`).toString('base64');
  return { 'proxy-authorization': `Basic ${basic}` };
}
