import type { AddressInfo, Server } from 'node:net';

/** A process of the lab tells the one that started it where it listens, and ends with it. */
export function tellReady(server: Server): void {
  process.send?.({ port: (server.address() as AddressInfo).port });
  endWithParent();
}

export function endWithParent(): void {
  process.on('disconnect', () => process.exit(0));
}
