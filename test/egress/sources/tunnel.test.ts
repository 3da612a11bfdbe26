import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setDefaultCACertificates, type TLSSocket } from 'node:tls';
import { inspect, promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Clock } from '../../../src/domain/clock.ts';
import { systemClock } from '../../../src/domain/clock.ts';
import type { Minted } from '../../../src/egress/sources/source.ts';
import type { SourceTools } from '../../../src/egress/sources/tools.ts';
import { TunnelError } from '../../../src/egress/sources/tunnel-error.ts';
import { createCertificate } from '../../bitbucket/certificate.ts';
import {
  type ConnectProxy,
  createConnectProxy,
  type ProxyFault,
  type ProxyOptions,
} from '../../bitbucket/connect-proxy.ts';
import {
  createSocksProxy,
  type SocksFault,
  type SocksOptions,
  type SocksProxy,
} from '../../bitbucket/socks-proxy.ts';
import { createStandIn, type StandIn } from '../../bitbucket/stand-in.ts';
import { exitsOf } from '../../exits.ts';

const certificate = createCertificate();
let standIn: StandIn;
beforeAll(async () => {
  standIn = await createStandIn({ certificate });
  setDefaultCACertificates([certificate.cert]);
});
afterAll(() => standIn.close());

const closing: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of closing.splice(0)) await one.close();
});

async function proxy(options: ProxyOptions = {}): Promise<ConnectProxy> {
  const created = await createConnectProxy(options);
  closing.push(created);
  return created;
}

async function socks(options: SocksOptions = {}): Promise<SocksProxy> {
  const created = await createSocksProxy(options);
  closing.push(created);
  return created;
}

/** Opens the first exit of `list` to the stand-in, or to `hostname` at its port. */
function open(list: string, tools: Partial<SourceTools> = {}, hostname = '127.0.0.1'): Promise<TLSSocket> {
  const connect = exitsOf(list, tools)[0]?.mint().connect;
  return openBy(connect as NonNullable<typeof connect>, hostname);
}

function openBy(connect: Minted['connect'], hostname = '127.0.0.1', at = standIn.port) {
  return new Promise<TLSSocket>((resolve, reject) => {
    const port = String(at);
    connect(
      { hostname, host: `${hostname}:${port}`, port, protocol: 'https:' },
      (error: Error | null, socket: Socket | null) => {
        if (error !== null) return reject(error);
        closing.push({ close: async () => void socket?.destroy() });
        resolve(socket as TLSSocket);
      },
    );
  });
}

/** A clock whose waits end when the test says so. */
function handClock(): Clock & { ring(): void } {
  const waiting = new Set<() => void>();
  return {
    now: systemClock.now,
    monotonic: systemClock.monotonic,
    after: (_ms, work) => {
      waiting.add(work);
      return () => waiting.delete(work);
    },
    ring: () => {
      for (const work of waiting) work();
    },
  };
}

const failureOf = (opening: Promise<unknown>) =>
  opening.then(
    () => expect.fail('a tunnel was opened'),
    (error: TunnelError) => [error.name, error.verdict, error.words],
  );

describe('each fault of an HTTP proxy has a name', () => {
  const named: [ProxyFault, string, string][] = [
    ['close at once', 'proxy_error', 'the proxy closed the connection'],
    ['reset', 'proxy_error', 'the proxy closed the connection'],
    ['header flood', 'proxy_error', 'the proxy sent too many headers'],
    ['garbage', 'proxy_error', 'the proxy does not speak HTTP'],
    ['early bytes', 'proxy_error', 'the proxy spoke before TLS'],
    [
      'own certificate',
      'certificate',
      'the certificate of the upstream is not trusted (DEPTH_ZERO_SELF_SIGNED_CERT)',
    ],
    [{ status: 401 }, 'credentials', 'the proxy refused the credentials (401)'],
    [{ status: 402 }, 'credentials', 'the proxy refused the credentials (402)'],
    [{ status: 403 }, 'credentials', 'the proxy refused the credentials (403)'],
    [{ status: 407 }, 'credentials', 'the proxy refused the credentials (407)'],
    [{ status: 201 }, 'proxy_error', 'the proxy answered 201'],
    [{ status: 404 }, 'proxy_error', 'the proxy answered 404'],
    [{ status: 502 }, 'proxy_error', 'the proxy answered 502'],
    [{ status: 522 }, 'proxy_error', 'the proxy answered 522'],
  ];

  it.each(named)('%j: %s', async (fault, verdict, words) => {
    const { url } = await proxy({ fault });
    expect(await failureOf(open(url))).toEqual(['TunnelError', verdict, words]);
  });

  it('nobody there', async () => {
    const gone = await createConnectProxy();
    await gone.close();
    expect(await failureOf(open(gone.url))).toEqual([
      'TunnelError',
      'refused',
      'the proxy refused the connection',
    ]);
  });

  it('a name that nobody knows', async () => {
    const [, verdict] = await failureOf(open('http://no-such-proxy.invalid:1'));
    expect(verdict).toBe('refused');
  });

  it.each(['silent', 'header drip', 'silent tunnel'] as const)(
    '%s: timed out, and no socket stays',
    async (fault) => {
      const bad = await proxy({ fault });
      const clock = handClock();
      const opening = failureOf(open(bad.url, { clock }));
      await expect.poll(() => bad.connects).toBe(1);
      clock.ring();
      expect(await opening).toEqual(['TunnelError', 'timeout', 'timed out']);
      await expect.poll(() => bad.open()).toBe(0);
    },
  );

  it('an https proxy whose own certificate nobody vouches for', async () => {
    const { url } = await proxy({ certificate: createCertificate() });
    const [, verdict, words] = await failureOf(open(url));
    expect([verdict, words]).toEqual([
      'certificate',
      expect.stringContaining('certificate of the proxy is not trusted'),
    ]);
  });
});

describe('a tunnel is opened', () => {
  it.each(['user:pass', 'user:p%40%3Ass', 'user:', ':pass', 'us%20er:€'])(
    'with credentials %s, through http and https',
    async (written) => {
      const credentials = decodeURIComponent(written);
      for (const more of [{}, { certificate }]) {
        const { port, url } = await proxy({ credentials, ...more });
        const socket = await open(`${url.split('://')[0]}://${written}@127.0.0.1:${port}`);
        expect(socket.authorized).toBe(true);
      }
    },
  );

  it('directly', async () => expect((await open('direct')).authorized).toBe(true));

  it('directly, and says so when nobody is there', async () => {
    const refused = openBy(exitsOf('direct')[0]?.mint().connect as never, '127.0.0.1', 1);
    expect(await failureOf(refused)).toEqual([
      'TunnelError',
      'refused',
      'the upstream refused the connection',
    ]);
  });

  it('150 of 150 resume the one TLS session that all exits share', async () => {
    const gates = [await proxy(), await proxy(), await proxy()];
    const list = gates.map(({ url }) => url).join(' ');
    const exits = exitsOf(list).map((source) => source.mint());
    const first = await openBy(exits[0]?.connect as never);
    await new Promise((resolve) => first.once('session', resolve));
    let resumed = 0;
    for (let i = 0; i < 150; i += 1) {
      const socket = await openBy(exits[i % 3]?.connect as never);
      if (socket.isSessionReused()) resumed += 1;
      socket.destroy();
    }
    expect(resumed).toBe(150);
  });

  it('the same way by a client that is not ours', async () => {
    const gate = await proxy({ credentials: 'us er:p@:ss' });
    const secondClient = exitsOf(`http://us%20er:p%40%3Ass@127.0.0.1:${gate.port}`)[0]?.mint().secondClient;
    const { get } = await import('node:https');
    const agent = secondClient?.();
    const status = await new Promise((resolve, reject) => {
      get(`${standIn.url}/repositories/acme/big`, { ...(agent && { agent }) }, (response) => {
        response.resume();
        resolve(response.statusCode);
      }).once('error', reject);
    });
    expect([status, gate.authorizations]).toEqual([200, ['us er:p@:ss']]);
    agent?.destroy();
  });
});

describe('SOCKS5', () => {
  const toStandIn = () => ({ lookup: async () => ({ address: '127.0.0.1', family: 4 }) });

  it('socks5:// looks the name up here and hands over an address', async () => {
    const gate = await socks({ credentials: 'user:p@ss' });
    await open(`socks5://user:p%40ss@127.0.0.1:${gate.port}`, toStandIn(), 'localhost');
    expect([gate.targets, gate.authorizations]).toEqual([
      [`address 127.0.0.1:${standIn.port}`],
      ['user:p@ss'],
    ]);
  });

  it('socks5h:// hands over the name', async () => {
    const gate = await socks();
    const lookup = () => expect.fail('looked up here');
    await open(`socks5h://127.0.0.1:${gate.port}`, { lookup }, 'localhost');
    expect(gate.targets).toEqual([`name localhost:${standIn.port}`]);
  });

  it('leaves from the proxy, each session with its own name', async () => {
    const gate = await socks({ credentials: 'user-abc12345:pass', leavesFrom: () => '127.9.4.1' });
    const [source] = exitsOf(`socks5h://user-{session}:pass@127.0.0.1:${gate.port}`);
    await openBy(source?.mint('abc12345').connect as never);
    expect(gate.authorizations).toEqual(['user-abc12345:pass']);
  });

  const named: [SocksFault, string, string][] = [
    ['close at once', 'proxy_error', 'the proxy closed the connection'],
    ['closed in the handshake', 'proxy_error', 'the proxy closed the connection'],
    ['garbage', 'proxy_error', 'the proxy does not speak SOCKS5'],
    ['no method', 'credentials', 'the proxy refused the credentials (SOCKS)'],
    [{ reply: 1 }, 'proxy_error', 'the proxy answered Failure (SOCKS)'],
    [{ reply: 2 }, 'credentials', 'the proxy refused the credentials (SOCKS: NotAllowed)'],
    [{ reply: 4 }, 'proxy_error', 'the proxy answered HostUnreachable (SOCKS)'],
    [{ reply: 5 }, 'proxy_error', 'the proxy answered ConnectionRefused (SOCKS)'],
  ];

  it.each(named)('%j: %s', async (fault, verdict, words) => {
    const { port } = await socks({ fault });
    expect(await failureOf(open(`socks5h://u:p@127.0.0.1:${port}`))).toEqual(['TunnelError', verdict, words]);
  });

  it('refused credentials', async () => {
    const { port } = await socks({ credentials: 'x:y' });
    const [, verdict] = await failureOf(open(`socks5h://canary:canary@127.0.0.1:${port}`));
    expect(verdict).toBe('credentials');
    const error = await open(`socks5h://canary:canary@127.0.0.1:${port}`).catch((thrown: unknown) => thrown);
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain('canary');
  });

  it('nobody there', async () => {
    const gone = await createSocksProxy();
    await gone.close();
    expect(await failureOf(open(`socks5h://127.0.0.1:${gone.port}`))).toEqual([
      'TunnelError',
      'refused',
      'the proxy refused the connection',
    ]);
  });

  it('silent: timed out, and no socket stays', async () => {
    const bad = await socks({ fault: 'silent' });
    const clock = handClock();
    const opening = failureOf(open(`socks5h://127.0.0.1:${bad.port}`, { clock }));
    await expect.poll(() => bad.open()).toBe(1);
    clock.ring();
    expect(await opening).toEqual(['TunnelError', 'timeout', 'timed out']);
    await expect.poll(() => bad.open()).toBe(0);
  });
});

it('words and stack of a fault hold no address', async () => {
  const { url } = await proxy({ fault: { status: 502 } });
  const error = await open(url).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(TunnelError);
  expect(inspect(error, { showHidden: true })).not.toContain('127.0.0.1');
});

it('a tunnel keeps no part of the pool that all buffers share', async () => {
  const { port } = await proxy();
  const folder = mkdtempSync(join(tmpdir(), 'tunnels-'));
  const file = join(folder, 'cert.pem');
  writeFileSync(file, certificate.cert);
  const program = [
    join(import.meta.dirname, 'tunnels-held.ts'),
    `http://127.0.0.1:${port}`,
    `${standIn.port}`,
  ];
  const env = { ...process.env, NODE_EXTRA_CA_CERTS: file };
  const { stdout } = await promisify(execFile)(process.execPath, ['--expose-gc', ...program], { env });
  rmSync(folder, { recursive: true });
  expect(Number(stdout)).toBeLessThan(8_192);
});
