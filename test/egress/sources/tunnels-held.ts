import { once } from 'node:events';
import type { TLSSocket } from 'node:tls';
import type { Source } from '../../../src/egress/sources/source.ts';
import { exitsOf } from '../../exits.ts';

/**
 * A program of its own (`--expose-gc`), so that nothing of its servers is counted: opens tunnels through a proxy to a
 * port, reads an answer over each and prints how many bytes of buffers each of them keeps.
 */
const [list = '', port = ''] = process.argv.slice(2);
const TUNNELS = 20;

const { connect } = (exitsOf(list)[0] as Source).mint();

async function openAndRead(): Promise<TLSSocket> {
  const target = { hostname: '127.0.0.1', host: `127.0.0.1:${port}`, port, protocol: 'https:' };
  const tunnel = await new Promise<TLSSocket>((resolve, reject) =>
    connect(target, (error, socket) => (error === null ? resolve(socket as TLSSocket) : reject(error))),
  );
  const answered = once(tunnel, 'data');
  tunnel.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
  await answered;
  // Other work, so that the next tunnel's bytes lie in another part of Node's pool.
  for (let used = 0; used < Buffer.poolSize; used += 1_024) Buffer.allocUnsafe(1_024);
  return tunnel;
}

function heldByBuffers(): number {
  globalThis.gc?.();
  globalThis.gc?.();
  return process.memoryUsage().arrayBuffers;
}

const tunnels = [await openAndRead()];
const before = heldByBuffers();
for (let i = 0; i < TUNNELS; i += 1) tunnels.push(await openAndRead());
const each = (heldByBuffers() - before) / TUNNELS;
for (const tunnel of tunnels) tunnel.destroy();
process.stdout.write(String(Math.round(each)));
