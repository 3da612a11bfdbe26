import { isIP } from 'node:net';
import { SocksClient } from 'socks';
import { type Dial, openTcp } from './connector.ts';
import type { ProxyAddress, ProxyCredentials } from './proxy-terms.ts';
import { closedBy, TunnelError, tunnelErrorOf } from './tunnel-error.ts';

/** The library's own limit stands behind ours, which ends the socket first. */
const NEVER_MS = 2 ** 31 - 1;

/**
 * A tunnel through a SOCKS5 proxy (RFC 1928, 1929). `socks5` looks the upstream's name up here and hands over an
 * address; `socks5h` hands over the name, so that the proxy looks it up where it stands.
 */
export function dialBySocks(
  { scheme, host, port }: ProxyAddress,
  credentials: ProxyCredentials | null,
  lookup: (host: string) => Promise<{ readonly address: string }>,
): Dial {
  const proxy = {
    host,
    port,
    type: 5,
    ...(credentials && { userId: credentials.user, password: credentials.pass }),
  } as const;
  const isLookedUpHere = scheme === 'socks5';
  return async ({ hostname, port: targetPort }, signal) => {
    const named = isLookedUpHere && isIP(hostname) === 0;
    const target = named
      ? (
          await lookup(hostname).catch((error) => {
            throw tunnelErrorOf(error, 'upstream');
          })
        ).address
      : hostname;
    const socket = await openTcp(host, port, 'proxy', signal);
    const onAbort = () => socket.destroy();
    signal.addEventListener('abort', onAbort, { once: true });
    try {
      const destination = { host: target, port: targetPort };
      await SocksClient.createConnection({
        proxy,
        command: 'connect',
        destination,
        existing_socket: socket,
        timeout: NEVER_MS,
      });
      return socket;
    } catch (error) {
      socket.on('error', () => {}).destroy();
      throw signal.aborted ? signal.reason : socksErrorOf(error);
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  };
}

/** The library's errors carry its options, password included: only their words are looked at. */
function socksErrorOf(error: unknown): TunnelError {
  const { message } = error as Error;
  const reply = /rejected connection - (\w+)/i.exec(message)?.[1] ?? /Rejected.* - (\w+)/.exec(message)?.[1];
  if (reply === 'NotAllowed' || /auth/i.test(message)) {
    return new TunnelError(
      'credentials',
      `the proxy refused the credentials (SOCKS${reply === undefined ? '' : `: ${reply}`})`,
    );
  }
  if (reply !== undefined) return new TunnelError('proxy_error', `the proxy answered ${reply} (SOCKS)`);
  if (/closed/i.test(message)) return closedBy('proxy');
  const code = /\bE[A-Z]{4,}\b/.exec(message)?.[0];
  return code === undefined
    ? new TunnelError('proxy_error', 'the proxy does not speak SOCKS5')
    : tunnelErrorOf({ code }, 'proxy');
}
