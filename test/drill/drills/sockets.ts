import { connect, type Socket } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import type { Drill } from '../drill.ts';
import { type Answered, call, load, REPO, REPO_HOLDS } from '../load.ts';
import { type Account, createAccount, type GatewayProcess, type Ground, startGateway } from '../processes.ts';
import { tallyOf } from '../tally.ts';

const beside = (gateway: GatewayProcess, account: Account, calls: number): Promise<Answered[]> =>
  load({
    ...account,
    account: account.name,
    holds: REPO_HOLDS,
    urlOf: () => gateway.url + REPO,
    calls,
    perSecond: 50,
  });

function openSockets(port: number, count: number): Socket[] {
  return Array.from({ length: count }, () => {
    const socket = connect({ host: '127.0.0.1', port });
    socket.on('error', () => {});
    return socket;
  });
}

export const slowLoris: Drill = {
  name: 'slow-loris',
  promise: '500 sockets that drip a request byte by byte cost nobody else an answer',
  run: async (ground, isShort) => {
    const account = await createAccount(ground, 'drill');
    const gateway = await startGateway(ground);
    const before = gateway.descriptors();
    const sockets = openSockets(gateway.port, 500);
    const drip = setInterval(() => {
      for (const socket of sockets) if (socket.writable) socket.write('x');
    }, 500);
    for (const socket of sockets) socket.write('GET /bitbucket-api/v1/meta HTTP/1.1\r\nx-drip: ');
    const answers = await beside(gateway, account, isShort ? 150 : 2_000);
    clearInterval(drip);
    for (const socket of sockets) socket.destroy();
    const leftMs = await fewerDescriptors(gateway, before + 50);
    return tallyOf({ answers, allowed: [], rssMb: gateway.rssMb(), recoveredMs: leftMs });
  },
};

/** Until the gateway holds at most `count` descriptors, ms. */
async function fewerDescriptors(gateway: GatewayProcess, count: number): Promise<number> {
  const startedAtMs = performance.now();
  while (gateway.descriptors() > count && performance.now() - startedAtMs < 10_000) await wait(50);
  return performance.now() - startedAtMs;
}

const PAGE = '/bitbucket-api/v1/repo/forks?repo=acme/huge';

/** A page of 1 MB that compresses about as Bitbucket's do. */
function serveHugePages(ground: Ground): void {
  const values = Array.from({ length: 300 }, (_, i) => ({
    type: 'repository',
    full_name: `acme/fork-${i}`,
    description: `${i} ${'Some words that a person wrote about it. '.repeat(70)}${(i * 7_919).toString(36)}`,
    uuid: `{${(i * 104_729).toString(16).padStart(32, '0')}}`,
  }));
  const body = gzipSync(JSON.stringify({ pagelen: 100, page: 1, size: 300, values }));
  const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' };
  ground.standIn.fault(
    '/repositories/acme/huge',
    (_request, response) => response.writeHead(200, headers).end(body),
    Number.POSITIVE_INFINITY,
  );
}

export const slowReaders: Drill = {
  name: 'slow-readers',
  promise:
    '200 callers that never read their page of 1 MB cost nobody else an answer, and memory has a bound',
  run: async (ground, isShort) => {
    serveHugePages(ground);
    const account = await createAccount(ground, 'drill');
    const gateway = await startGateway(ground);
    const sockets = openSockets(gateway.port, 200);
    for (const socket of sockets) {
      socket.pause();
      socket.write(
        `GET ${PAGE} HTTP/1.1\r\nhost: gateway\r\nx-oanor-key: ${account.key}\r\naccept-encoding: identity\r\n\r\n`,
      );
    }
    const answers = await beside(gateway, account, isShort ? 150 : 2_000);
    const rssMb = gateway.rssMb();
    for (const socket of sockets) socket.destroy();
    const remarks = rssMb > 512 ? [`resident memory of ${Math.round(rssMb)} MB`] : [];
    return tallyOf({ answers, allowed: [], rssMb, remarks });
  },
};

export const bigPages: Drill = {
  name: 'big-pages',
  promise: '1,000 calls of 1 MB pages at once are answered or told to come back, within the bound of memory',
  run: async (ground, isShort) => {
    serveHugePages(ground);
    const account = await createAccount(ground, 'drill');
    const gateway = await startGateway(ground);
    let rssMb = 0;
    const watch = setInterval(() => {
      rssMb = Math.max(rssMb, gateway.rssMb());
    }, 100);
    const answers = await Promise.all(
      Array.from({ length: isShort ? 300 : 1_000 }, () =>
        call({ url: gateway.url + PAGE, key: account.key, account: account.name, timeoutMs: 60_000 }),
      ),
    );
    clearInterval(watch);
    return tallyOf({ answers, allowed: ['overloaded', 'upstream_timeout'], rssMb });
  },
};
