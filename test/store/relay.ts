import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A TCP relay before a server, for the ways in which a network fails. */
export interface Relay {
  readonly port: number;
  /** Connections made until now go nowhere: open, and nothing passes. New ones are as good as ever. */
  swallow(): void;
  /** Where new connections go from now on. */
  pointTo(port: number): void;
  /** How many connections were made. */
  made(): number;
  close(): void;
}

export async function startRelay(firstPort: number): Promise<Relay> {
  let target = firstPort;
  let made = 0;
  const pairs = new Set<readonly [Socket, Socket]>();
  const server = createServer((near) => {
    made += 1;
    const far = connect(target, '127.0.0.1');
    pairs.add([near, far]);
    near.pipe(far).on('error', () => near.destroy());
    far.pipe(near).on('error', () => far.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    swallow: () => {
      for (const [near, far] of pairs) {
        near.unpipe(far);
        far.unpipe(near);
        near.resume();
        far.resume();
      }
    },
    pointTo: (port) => {
      target = port;
    },
    made: () => made,
    close: () => {
      server.close();
      for (const pair of pairs) for (const socket of pair) socket.destroy();
    },
  };
}
