import type { Socket } from 'node:net';
import type { Fault } from '../fault.ts';
import type { Minted } from '../sources/source.ts';

/**
 * CONNECT and TLS for their own sake: costs no budget. Resolves with what went wrong, or null.
 * `origin` is the upstream's.
 */
export function openOnce(connect: Minted['connect'], origin: string): Promise<Fault | null> {
  const { hostname, port, protocol, host } = new URL(origin);
  return new Promise((resolve) => {
    connect(
      { hostname, host, port, protocol, servername: '' },
      (error: Error | null, socket: Socket | null) => {
        socket?.destroy();
        resolve(error === null ? null : faultOf(error));
      },
    );
  });
}

const faultOf = (error: Error): Fault =>
  'verdict' in error && 'words' in error
    ? (error as Error & Fault)
    : { verdict: 'proxy_error', words: 'the tunnel could not be opened' };
