import type { Server } from 'node:http';
import { BlockList, isIP, isIPv4 } from 'node:net';

export interface ConnectionsOptions {
  /** Connections one address may hold at once. */
  readonly perAddress: number;
  /** Balancers, whose connections are many callers'. */
  readonly trustProxy: readonly string[];
}

/** Closes at once what an address opens above its number of connections. */
export function boundConnections(server: Server, { perAddress, trustProxy }: ConnectionsOptions): void {
  const trusted = networksOf(trustProxy);
  const open = new Map<string, number>();
  server.on('connection', (socket) => {
    const address = plain(socket.remoteAddress ?? '');
    if (trusted.check(address, isIPv4(address) ? 'ipv4' : 'ipv6')) return;
    const count = (open.get(address) ?? 0) + 1;
    if (count > perAddress) {
      socket.destroy();
      return;
    }
    open.set(address, count);
    socket.once('close', () => {
      const left = (open.get(address) ?? 1) - 1;
      if (left === 0) open.delete(address);
      else open.set(address, left);
    });
  });
}

const NAMED: Readonly<Record<string, readonly string[]>> = {
  loopback: ['127.0.0.0/8', '::1'],
  linklocal: ['169.254.0.0/16', 'fe80::/10'],
  uniquelocal: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'],
};

function networksOf(entries: readonly string[]): BlockList {
  const list = new BlockList();
  for (const entry of entries.flatMap((entry) => NAMED[entry] ?? [entry])) {
    const [address = '', prefix] = entry.split('/');
    const family = isIP(address) === 4 ? 'ipv4' : 'ipv6';
    if (prefix === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(prefix), family);
  }
  return list;
}

/** An IPv4 address that came over an IPv6 socket is itself. */
const plain = (address: string) => address.replace(/^::ffff:(?=\d+\.)/i, '');
