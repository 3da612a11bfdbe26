import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ConnectProxy, createConnectProxy } from '../bitbucket/connect-proxy.ts';
import { createSocksProxy, type SocksProxy } from '../bitbucket/socks-proxy.ts';
import { createStandIn, type StandIn } from '../bitbucket/stand-in.ts';

const folder = mkdtempSync(join(tmpdir(), 'exits-'));
let standIn: StandIn;
let good: ConnectProxy;
let locked: ConnectProxy;
let liar: ConnectProxy;
let socks: SocksProxy;
const echo = createServer((request, response) =>
  response.end(JSON.stringify({ ip: request.socket.remoteAddress })),
);

beforeAll(async () => {
  standIn = await createStandIn();
  writeFileSync(join(folder, 'ca.pem'), standIn.certificate.cert);
  good = await createConnectProxy({ credentials: 'canary-user:canary-pass', leavesFrom: () => '127.9.3.1' });
  locked = await createConnectProxy({ credentials: 'x:y' });
  liar = await createConnectProxy({ fault: 'own certificate' });
  socks = await createSocksProxy({ leavesFrom: () => '127.9.3.2' });
  await new Promise<void>((resolve) => echo.listen(0, '127.0.0.1', resolve));
});

afterAll(async () => {
  echo.close();
  for (const closing of [good, locked, liar, socks, standIn]) await closing.close();
  rmSync(folder, { recursive: true, force: true });
});

function exits(args: string[], list: string) {
  const env = {
    ...process.env,
    PROXY_URLS: list,
    UPSTREAM_URL: standIn.url,
    STORE_URL: `sqlite:${join(folder, 'gateway.db')}`,
    NODE_EXTRA_CA_CERTS: join(folder, 'ca.pem'),
  };
  return new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    execFile(
      process.execPath,
      ['src/cli/exits.ts', ...args],
      { env, cwd: join(import.meta.dirname, '../..') },
      (error, stdout, stderr) => {
        resolve({ code: error === null ? 0 : Number(error.code), stdout, stderr });
      },
    );
  });
}

it('tells of each exit whether it is reachable and why not, and asks nothing of Bitbucket', async () => {
  const gone = await createConnectProxy();
  await gone.close();
  const { port } = echo.address() as AddressInfo;
  const list = `${good.url} http://canary:canary-pass@127.0.0.1:${locked.port} ${liar.url} ${gone.url} socks5h://127.0.0.1:${socks.port} direct`;
  const { code, stdout, stderr } = await exits(
    ['check', '--json', '--echo', `http://127.0.0.1:${port}/`],
    list,
  );
  expect([code, stderr]).toEqual([1, '']);
  expect(JSON.parse(stdout)).toMatchObject([
    { reachable: true, why: null, address: '127.9.3.1', left: 60 },
    { reachable: false, why: 'the proxy refused the credentials (407)' },
    { reachable: false, why: expect.stringContaining('certificate of the upstream is not trusted') },
    { reachable: false, why: 'the proxy refused the connection' },
    { reachable: true, address: '127.9.3.2', latencyMs: expect.any(Number) },
    { exit: 'direct', reachable: true, address: '127.0.0.1', left: 60 },
  ]);
  expect(stdout).not.toContain('canary');
  expect(standIn.requests).toEqual([]);
});

it('prints a table, and ends with 0 when all are reachable', async () => {
  const { code, stdout } = await exits(['check'], good.url);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^exit +reachable/);
});

it.each([
  [[]],
  [['nonsense']],
  [['check', 'nonsense']],
  [['check', '--nonsense']],
  [['check', '--echo', 'nonsense']],
  [['check', '--timeout', '0']],
])('%j is misspelt', async (args) => {
  expect(await exits(args, 'direct')).toMatchObject({
    code: 2,
    stdout: '',
    stderr: expect.stringMatching(/^[^\n]+ \(--help shows the usage\)\n$/),
  });
});

it('a list without an exit is told by name', async () => {
  expect(await exits(['check'], ' , ')).toMatchObject({
    code: 1,
    stdout: '',
    stderr: 'PROXY_URLS: holds no exit; write the word direct to leave from this address\n',
  });
});
