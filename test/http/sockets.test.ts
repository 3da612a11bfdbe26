import type { AddressInfo, Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createGateway, type Gateway, type GatewayOptions } from '../gateway.ts';
import { answersIn, open } from './raw.ts';

const REPO = '/v1/repo?repo=acme/big';
const PAGE_BYTES = 4_000_000;

let gateway: Gateway;
let port: number;
let clients: Socket[];
beforeEach(() => {
  clients = [];
});
afterEach(async () => {
  for (const socket of clients) socket.destroy();
  await gateway.close();
});

async function start(options: GatewayOptions): Promise<void> {
  gateway = await createGateway(options);
  await gateway.server.listen({ host: '127.0.0.1', port: 0 });
  ({ port } = gateway.server.server.address() as AddressInfo);
}

const connections = () =>
  new Promise<number>((resolve) => gateway.server.server.getConnections((_error, count) => resolve(count)));

/** `count` connections from eight addresses, each of which says `bytes` and reads nothing. */
async function crowd(count: number, bytes: string): Promise<Socket[]> {
  const sockets: Socket[] = [];
  for (let i = 0; i < count; i += 100) {
    const some = Array.from({ length: Math.min(100, count - i) }, (_, j) =>
      open(port, `127.0.0.${2 + ((i + j) % 8)}`),
    );
    sockets.push(...(await Promise.all(some)));
  }
  for (const socket of sockets) if (bytes !== '') socket.write(bytes);
  clients.push(...sockets);
  return sockets;
}

const isServed = async () => (await gateway.get(REPO)).status;

describe('sockets that say nothing, or nothing to the end', () => {
  it('300 silent ones and 300 slow ones: calls beside them are served, all are answered 408 and gone', async () => {
    await start({ patience: { headersMs: 2_000, requestMs: 2_000 } });
    const silent = await crowd(300, '');
    const slow = await crowd(300, 'GET /bitbucket-api/v1/repo HTTP/1.1\r\nhost: x\r\nx-slow: ');
    const drip = setInterval(() => {
      for (const socket of slow) if (socket.writable) socket.write('x');
    }, 200);
    expect(await isServed()).toBe(200);
    const texts = [...silent, ...slow].map((socket) => {
      let text = '';
      socket.on('data', (chunk) => {
        text += chunk;
      });
      return () => text;
    });
    await expect.poll(connections, { timeout: 15_000 }).toBe(0);
    clearInterval(drip);
    const answers = texts.flatMap((text) => answersIn(text()));
    expect(answers.filter(({ status }) => status === 408).length).toBeGreaterThan(590);
    expect(JSON.parse(answers[0]?.body ?? '').meta.code).toBe('request_timeout');
  });

  it('refused ones that stay are gone a second later, whatever they send meanwhile', async () => {
    await start({});
    const sockets = await crowd(200, 'nonsense\r\n\r\n');
    const more = setInterval(() => {
      for (const socket of sockets) if (socket.writable) socket.write('more nonsense\r\n');
    }, 100);
    await expect.poll(connections, { timeout: 15_000 }).toBe(0);
    clearInterval(more);
  });
});

describe('answers that nobody reads', () => {
  it('2,400 unread downloads of a public file from eight addresses are no calls, and end when they stand still', async () => {
    // The deadline that gateways have: handing the system some gigabytes takes seconds on a busy machine.
    await start({ patience: { stalledMs: 8_000 }, deadlineMs: 15_000 });
    const page = await gateway.server.inject('/bitbucket-api/docs/console');
    const script = `/bitbucket-api/docs/${/src="([\w.-]+\.js)"/.exec(page.body)?.[1]}`;
    const whole = await gateway.server.inject({ url: script, headers: { 'accept-encoding': 'identity' } });
    expect(whole.rawPayload.length, 'more than a socket holds').toBeGreaterThan(4_000_000);
    await crowd(2_400, `GET ${script} HTTP/1.1\r\nhost: x\r\naccept-encoding: identity\r\n\r\n`);
    expect(await connections()).toBeGreaterThan(2_000);
    expect(await isServed()).toBe(200);
    await expect.poll(connections, { timeout: 30_000, interval: 200 }).toBe(0);
    expect(await isServed()).toBe(200);
  }, 90_000);

  it('an answer that moves, however slowly, is not cut', async () => {
    await start({ patience: { stalledMs: 600 } });
    const page = JSON.stringify({ values: ['x'.repeat(PAGE_BYTES)] });
    const headers = { 'content-type': 'application/json' };
    gateway.standIn.fault('/branches', (_request, response) => response.writeHead(200, headers).end(page));
    const [socket] = await crowd(
      1,
      `GET /bitbucket-api/v1/repo/branches?repo=acme/big HTTP/1.1\r\nhost: x\r\nx-oanor-key: ${gateway.key}\r\nconnection: close\r\n\r\n`,
    );
    let bytes = 0;
    socket?.on('data', (chunk) => {
      bytes += chunk.length;
      socket.pause();
      setTimeout(() => socket.resume(), 20);
    });
    await new Promise((resolve) => socket?.once('close', resolve));
    expect(bytes).toBeGreaterThan(PAGE_BYTES);
  });

  it('a page that came compressed is whole for who reads it slowly, whatever is inflated meanwhile', async () => {
    await start({});
    const pageOf = (item: string) =>
      JSON.stringify({ values: Array.from({ length: 2_000_000 }, () => item) });
    const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' };
    for (const gzip of ['slow', 'fast', 'fast', 'fast'].map((item) => gzipSync(pageOf(item))))
      gateway.standIn.fault('/branches', (_request, response) => response.writeHead(200, headers).end(gzip));
    const path = '/bitbucket-api/v1/repo/branches?repo=acme/big';
    const ask = `GET ${path} HTTP/1.1\r\nhost: x\r\nx-oanor-key: ${gateway.key}\r\nconnection: close\r\n\r\n`;
    const [slow] = await crowd(1, ask);
    const chunks: Buffer[] = [];
    slow?.on('data', (chunk) => {
      chunks.push(chunk);
      slow.pause();
      setTimeout(() => slow.resume(), 2);
    });
    await expect.poll(() => chunks.length).toBeGreaterThan(0);
    for (const fast of await crowd(3, ask)) fast.resume();
    await new Promise((resolve) => slow?.once('close', resolve));
    const [answer] = answersIn(Buffer.concat(chunks).toString('latin1'));
    expect(answer?.body.startsWith(`{"data":${pageOf('slow')},"meta"`)).toBe(true);
  });
});

describe('connections of one address', () => {
  it('are bounded, those of others are not touched', async () => {
    await start({ connectionsPerAddress: 5 });
    await Promise.all(Array.from({ length: 20 }, () => open(port, '127.0.0.2'))).then((sockets) =>
      clients.push(...sockets),
    );
    await expect.poll(connections).toBe(5);
    clients.push(await open(port, '127.0.0.3'));
    await expect.poll(connections).toBe(6);
    clients[0]?.destroy();
    for (const socket of clients) socket.destroy();
    await expect.poll(connections).toBe(0);
    clients.push(await open(port, '127.0.0.2'));
    await expect.poll(connections).toBe(1);
  });

  it.each([['127.0.0.2'], ['127.0.0.0/8'], ['loopback']])(
    'are not bounded for the balancer %s',
    async (balancer) => {
      await start({ connectionsPerAddress: 1, trustProxy: [balancer] });
      for (let i = 0; i < 5; i += 1) clients.push(await open(port, '127.0.0.2'));
      await expect.poll(connections).toBe(5);
    },
  );
});
