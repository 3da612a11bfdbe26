import type { AddressInfo } from 'node:net';
import { type Config, ConfigError } from './config.ts';
import type { House } from './house.ts';

/** Every address of the machine, IPv6 too where it has any: `localhost` may be `::1`. */
const ANY_ADDRESS = '0.0.0.0';

/** Starts to listen; the URL. Rejects with `ConfigError` when the place is taken or none of ours. */
export async function listen({ server }: House, { HOST, PORT }: Config): Promise<string> {
  const hosts = HOST === ANY_ADDRESS ? ['::', ANY_ADDRESS] : [HOST];
  for (const host of hosts) {
    try {
      await server.listen({ host, port: PORT });
      return `http://localhost:${(server.server.address() as AddressInfo).port}`;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      const hasNoIpv6 = host === '::' && (code === 'EAFNOSUPPORT' || code === 'EADDRNOTAVAIL');
      if (!hasNoIpv6) throw placeFault(code, PORT);
    }
  }
  throw placeFault('EADDRNOTAVAIL', PORT);
}

function placeFault(code: string | undefined, port: number): ConfigError {
  if (code === 'EADDRINUSE') return new ConfigError(`PORT ${port} is taken: another program listens there`);
  if (code === 'EACCES') return new ConfigError(`PORT ${port} may not be used by this user`);
  return new ConfigError(`HOST cannot be listened on (${code})`);
}
