import { createServer, type IncomingMessage } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { Transform } from 'node:stream';
import { TLSSocket } from 'node:tls';
import { type Certificate, createCertificate } from './certificate.ts';

/** How a proxy misbehaves; none of these ever reaches the upstream. */
export type ProxyFault =
  | 'close at once'
  | 'reset'
  | 'silent'
  | 'header drip'
  | 'header flood'
  | 'garbage'
  | 'early bytes'
  | 'silent tunnel'
  | 'own certificate'
  | { readonly status: number };

export interface ProxyOptions {
  /** The address it leaves from: any of 127.0.0.0/8. A rotating one asks anew for each tunnel. */
  readonly leavesFrom?: () => string;
  /** `user:pass` it wants to see. */
  readonly credentials?: string;
  readonly fault?: ProxyFault;
  /** Spoken to over TLS, with this certificate. */
  readonly certificate?: Certificate;
  /** Before a tunnel opens, ms. */
  readonly delayMs?: number;
  /** Before each piece of what a tunnel brings is passed on, ms; asked anew for each. */
  readonly heldMs?: () => number;
}

export interface ConnectProxy {
  readonly port: number;
  /** As `PROXY_URLS` takes it. */
  readonly url: string;
  connects: number;
  bytesDown: number;
  readonly authorizations: string[];
  /** Sockets open now. */
  open(): number;
  close(): Promise<void>;
}

/** A CONNECT proxy on loopback that leaves from an address of its own. */
export async function createConnectProxy(options: ProxyOptions = {}): Promise<ConnectProxy> {
  const { fault, delayMs = 0, leavesFrom } = options;
  const sockets = new Set<Socket>();
  const timers = new Set<NodeJS.Timeout>();
  const keep = (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => sockets.delete(socket));
  };

  const { certificate } = options;
  const server =
    certificate === undefined
      ? createServer()
      : createTlsServer({ key: certificate.key, cert: certificate.cert });
  server.on('connection', (socket) => {
    keep(socket);
    if (fault === 'close at once') socket.destroy();
    if (fault === 'reset') socket.resetAndDestroy();
  });
  server.on('connect', (request: IncomingMessage, socket: Socket) => {
    proxy.connects += 1;
    const given = Buffer.from(
      (request.headers['proxy-authorization'] ?? '').replace('Basic ', ''),
      'base64',
    ).toString();
    proxy.authorizations.push(given);
    if (options.credentials !== undefined && given !== options.credentials) return refuse(socket, 407);
    if (fault !== undefined) return misbehave(socket, fault, timers);
    const timer = setTimeout(() => {
      timers.delete(timer);
      open(request.url ?? '', socket);
    }, delayMs);
    timers.add(timer);
  });

  const open = (target: string, socket: Socket) => {
    const [host = '', port = ''] = target.split(':');
    // Bound to an address, each would take a port of its own out of 28,000 (ip(7), IP_BIND_ADDRESS_NO_PORT).
    const upstream = connect({ host, port: Number(port), localAddress: leavesFrom?.() });
    keep(upstream);
    upstream.once('connect', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
      upstream.on('data', (chunk) => {
        proxy.bytesDown += chunk.length;
      });
      const { heldMs } = options;
      const down = heldMs === undefined ? upstream : upstream.pipe(holdBack(heldMs));
      down.pipe(socket).pipe(upstream);
    });
    upstream.once('close', () => socket.destroy());
    socket.once('close', () => upstream.destroy());
  };

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const proxy: ConnectProxy = {
    port,
    url: `${certificate === undefined ? 'http' : 'https'}://${options.credentials === undefined ? '' : `${options.credentials}@`}127.0.0.1:${port}`,
    connects: 0,
    bytesDown: 0,
    authorizations: [],
    open: () => sockets.size,
    close: () =>
      new Promise((resolve) => {
        for (const timer of timers) clearInterval(timer);
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
  return proxy;
}

function holdBack(heldMs: () => number): Transform {
  return new Transform({
    transform(piece, _encoding, pass) {
      const ms = heldMs();
      if (ms === 0) pass(null, piece);
      else setTimeout(pass, ms, null, piece);
    },
  });
}

function refuse(socket: Socket, status: number): void {
  socket.end(`HTTP/1.1 ${status} No\r\ncontent-length: 0\r\n\r\n`);
}

function misbehave(socket: Socket, fault: ProxyFault, timers: Set<NodeJS.Timeout>): void {
  if (fault !== 'own certificate') socket.resume().once('end', () => socket.end());
  if (typeof fault === 'object') {
    refuse(socket, fault.status);
    return;
  }
  switch (fault) {
    case 'header drip':
    case 'header flood': {
      socket.write('HTTP/1.1 200 OK\r\n');
      const flood = fault === 'header flood';
      timers.add(
        setInterval(
          () => socket.writable && socket.write(flood ? `x: ${'x'.repeat(8_000)}\r\n` : 'x'),
          flood ? 1 : 50,
        ),
      );
      return;
    }
    case 'garbage':
      socket.end('\u0000\u0001 not http at all\r\n\r\n');
      return;
    case 'early bytes':
      socket.write('HTTP/1.1 200 OK\r\n\r\nearly');
      return;
    case 'silent tunnel':
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      return;
    case 'own certificate': {
      const { key, cert } = createCertificate();
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      new TLSSocket(socket, { isServer: true, key, cert }).on('error', () => {});
      return;
    }
    default:
  }
}
