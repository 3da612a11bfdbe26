import { isIP, type Socket } from 'node:net';
import { connect, createSecureContext, type SecureContext, type TLSSocket } from 'node:tls';
import { closedBy, tunnelErrorOf } from './tunnel-error.ts';

/** TLS to the upstream over a tunnel that is open. */
export interface UpstreamTls {
  /** Rejects with `TunnelError`, or with the signal's reason; the socket is gone then. */
  secure(tunnel: Socket, target: Target, signal: AbortSignal): Promise<TLSSocket>;
}

/** Where a tunnel leads to. */
export interface Target {
  readonly hostname: string;
  readonly port: number;
}

/**
 * What a socket keeps for its life must not lie in Node's pool, of which a tunnel's 9 bytes would keep 64 kB: an array
 * of names, or of bytes, is copied there, another view is not.
 */
const HTTP_1 = new DataView(Uint8Array.from([8, ...Buffer.from('http/1.1')]).buffer);
const ownCopy = (bytes: Buffer) => Buffer.from(new Uint8Array(bytes).buffer);

/**
 * One context and one cache of sessions for all exits: a tunnel through an exit never used before resumes what another
 * began, at half the cost of a full handshake. Always verified: no setting and no variable of the environment can
 * turn that off.
 */
export function createUpstreamTls(): UpstreamTls {
  let context: SecureContext | undefined;
  const sessions = new Map<string, Buffer>();
  return {
    secure: (tunnel, { hostname, port }, signal) => {
      context ??= createSecureContext();
      const peer = `${hostname}:${port}`;
      const session = sessions.get(peer);
      const socket = connect({
        socket: tunnel,
        host: hostname,
        rejectUnauthorized: true,
        secureContext: context,
        ALPNProtocols: HTTP_1,
        ...(isIP(hostname) === 0 ? { servername: hostname } : {}),
        ...(session === undefined ? {} : { session }),
      });
      socket.on('session', (given) => sessions.set(peer, ownCopy(given)));
      return secured(socket, signal);
    },
  };
}

function secured(socket: TLSSocket, signal: AbortSignal): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const stop = (error: Error) => {
      signal.removeEventListener('abort', onAbort);
      socket.destroy();
      reject(error);
    };
    const onAbort = () => stop(signal.reason as Error);
    const onClose = () => stop(closedBy('upstream'));
    signal.addEventListener('abort', onAbort, { once: true });
    socket.on('error', (error) => stop(tunnelErrorOf(error, 'upstream')));
    socket.once('close', onClose);
    socket.once('secureConnect', () => {
      signal.removeEventListener('abort', onAbort);
      socket.off('close', onClose);
      resolve(socket);
    });
  });
}
