import { connect, type Socket } from 'node:net';
import type { buildConnector } from 'undici';
import type { SourceTools } from './tools.ts';
import { closedBy, timedOut, tunnelErrorOf } from './tunnel-error.ts';
import type { Target } from './upstream-tls.ts';

/** Opens a plain way to `target`. Rejects with `TunnelError`, or with the signal's reason; nothing stays open then. */
export type Dial = (target: Target, signal: AbortSignal) => Promise<Socket>;

/**
 * How undici opens a connection over `dial`: the way, then TLS, both within one time limit of our own, for undici's
 * signals do nothing while a connection is being made. Fails with `TunnelError`.
 */
export function createConnector(dial: Dial, tools: SourceTools): buildConnector.connector {
  const open = async (target: Target, secure: boolean): Promise<Socket> => {
    const limit = new AbortController();
    const cancel = tools.clock.after(tools.connectTimeoutMs, () => limit.abort(timedOut()));
    try {
      const way = await dial(target, limit.signal);
      const opened = secure ? await tools.tls.secure(way, target, limit.signal) : way;
      tools.pulse.tunnelOpened();
      return opened;
    } finally {
      cancel();
    }
  };
  return ({ hostname, port, protocol }, done) => {
    const secure = protocol === 'https:';
    const target = { hostname: hostname.replace(/^\[|\]$/g, ''), port: Number(port || (secure ? 443 : 80)) };
    open(target, secure).then(
      (socket) => done(null, socket),
      (error: unknown) => done(tunnelErrorOf(error, 'upstream'), null),
    );
  };
}

/** TCP to a proxy or, without one, to the upstream itself. */
export function openTcp(
  host: string,
  port: number,
  peer: 'proxy' | 'upstream',
  signal: AbortSignal,
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 });
    const end = (settle: () => void) => {
      signal.removeEventListener('abort', onAbort);
      socket.off('error', onError).off('close', onClose).off('connect', onConnect);
      settle();
    };
    const stop = (error: Error) =>
      end(() => {
        socket.on('error', () => {}).destroy();
        reject(error);
      });
    const onAbort = () => stop(signal.reason as Error);
    const onError = (error: Error) => stop(tunnelErrorOf(error, peer));
    const onClose = () => stop(closedBy(peer));
    const onConnect = () => end(() => resolve(socket));
    signal.addEventListener('abort', onAbort, { once: true });
    socket.on('error', onError).on('close', onClose).on('connect', onConnect);
  });
}
