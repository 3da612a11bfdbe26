import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A name that stays while what stands behind it changes: TCP from one port to another. */
export interface Relay {
  readonly port: number;
  /** Where new connections go. */
  point(port: number): void;
  /** Cuts what is open and refuses what comes, until `open`. */
  shut(): void;
  open(): void;
  close(): Promise<void>;
}

export async function createRelay(target: number | (() => number)): Promise<Relay> {
  const sockets = new Set<Socket>();
  let portOf = typeof target === 'number' ? () => target : target;
  let isShut = false;
  const server = createServer((socket) => {
    if (isShut) {
      socket.resetAndDestroy();
      return;
    }
    const behind = connect({ host: '127.0.0.1', port: portOf() });
    for (const end of [socket, behind]) {
      sockets.add(end);
      end.on('error', () => {});
      end.once('close', () => {
        sockets.delete(end);
        (end === socket ? behind : socket).destroy();
      });
    }
    socket.pipe(behind).pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const cut = () => {
    for (const socket of sockets) socket.resetAndDestroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    point: (port) => {
      portOf = () => port;
    },
    shut: () => {
      isShut = true;
      cut();
    },
    open: () => {
      isShut = false;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        cut();
      }),
  };
}
