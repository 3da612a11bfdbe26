import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** How it misbehaves; none of these ever reaches the upstream. `reply` is a code of RFC 1928. */
export type SocksFault =
  | 'close at once'
  | 'silent'
  | 'garbage'
  | 'closed in the handshake'
  | 'no method'
  | { readonly reply: number };

export interface SocksOptions {
  /** The address it leaves from: any of 127.0.0.0/8. A rotating one asks anew for each tunnel. */
  readonly leavesFrom?: () => string;
  /** `user:pass` it wants to see. */
  readonly credentials?: string;
  readonly fault?: SocksFault;
}

export interface SocksProxy {
  readonly port: number;
  /** What it was asked to connect to: `name api.example:443` or `address 127.0.0.1:443`. */
  readonly targets: string[];
  readonly authorizations: string[];
  /** Sockets open now. */
  open(): number;
  close(): Promise<void>;
}

const [NO_AUTH, BY_PASSWORD, NO_METHOD] = [0, 2, 0xff];

/** A SOCKS5 proxy on loopback (RFC 1928, RFC 1929) that leaves from an address of its own. */
export async function createSocksProxy(options: SocksOptions = {}): Promise<SocksProxy> {
  const { fault, leavesFrom = () => '127.0.0.1' } = options;
  const sockets = new Set<Socket>();
  const keep = (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => sockets.delete(socket));
  };

  const server = createServer((socket) => {
    keep(socket);
    if (fault === 'close at once') socket.destroy();
    else if (fault === 'silent') socket.resume();
    else serve(socket).catch(() => socket.destroy());
  });

  const serve = async (socket: Socket) => {
    const bytes = readerOf(socket);
    const [, count = 0] = await bytes(2);
    const methods = [...(await bytes(count))];
    if (fault === 'garbage') return void socket.end('HTTP/1.1 400 Bad Request\r\n\r\n');
    if (fault === 'closed in the handshake') return void socket.end();
    const wanted = options.credentials === undefined ? NO_AUTH : BY_PASSWORD;
    if (fault === 'no method' || !methods.includes(wanted))
      return void socket.end(Buffer.from([5, NO_METHOD]));
    socket.write(Buffer.from([5, wanted]));
    if (wanted === BY_PASSWORD && !(await isAuthorized(socket, bytes))) return;
    const target = await targetOf(bytes);
    proxy.targets.push(`${target.kind} ${target.host}:${target.port}`);
    if (typeof fault === 'object') return void socket.end(replyOf(fault.reply));
    join(socket, target);
  };

  const isAuthorized = async (socket: Socket, bytes: Reader): Promise<boolean> => {
    const [, userLength = 0] = await bytes(2);
    const user = (await bytes(userLength)).toString();
    const [passLength = 0] = await bytes(1);
    const given = `${user}:${(await bytes(passLength)).toString()}`;
    proxy.authorizations.push(given);
    const good = given === options.credentials;
    if (good) socket.write(Buffer.from([1, 0]));
    else socket.end(Buffer.from([1, 1]));
    return good;
  };

  const join = (socket: Socket, { host, port }: Asked) => {
    const upstream = connect({ host, port, localAddress: leavesFrom() });
    keep(upstream);
    upstream.once('connect', () => {
      socket.write(replyOf(0));
      upstream.pipe(socket).pipe(upstream);
    });
    upstream.once('close', () => socket.destroy());
    socket.once('close', () => upstream.destroy());
  };

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const proxy: SocksProxy = {
    port: (server.address() as AddressInfo).port,
    targets: [],
    authorizations: [],
    open: () => sockets.size,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
  return proxy;
}

interface Asked {
  readonly kind: 'name' | 'address';
  readonly host: string;
  readonly port: number;
}

async function targetOf(bytes: Reader): Promise<Asked> {
  const [, , , type] = await bytes(4);
  const portOf = async () => (await bytes(2)).readUInt16BE();
  if (type === 3) {
    const [length = 0] = await bytes(1);
    return { kind: 'name', host: (await bytes(length)).toString(), port: await portOf() };
  }
  const address = await bytes(type === 4 ? 16 : 4);
  const groups = Array.from({ length: 8 }, (_, i) => address.subarray(i * 2, i * 2 + 2).toString('hex'));
  return { kind: 'address', host: type === 4 ? groups.join(':') : address.join('.'), port: await portOf() };
}

const replyOf = (code: number) => Buffer.from([5, code, 0, 1, 0, 0, 0, 0, 0, 0]);

type Reader = (count: number) => Promise<Buffer>;

/** Exactly so many bytes of a socket, whatever pieces they come in. Rejects when it ends before. */
function readerOf(socket: Socket): Reader {
  return (count) =>
    new Promise((resolve, reject) => {
      const look = () => {
        const bytes = count === 0 ? Buffer.alloc(0) : (socket.read(count) as Buffer | null);
        if (bytes === null) return;
        end();
        resolve(bytes);
      };
      const end = () => socket.off('readable', look).off('close', onClose);
      const onClose = () => {
        end();
        reject(new Error('closed'));
      };
      socket.on('readable', look).once('close', onClose);
      look();
    });
}
