import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCertificate } from '../../test/bitbucket/certificate.ts';
import type { Load, Loaded, Seen } from './load.ts';
import { freePort, type Member, start, startProgram, stop } from './process.ts';

const ROOT = join(import.meta.dirname, '../..');

/** Everything a bench stands on, each part a process of its own. */
export interface World {
  readonly folder: string;
  readonly upstream: Member;
  readonly proxy: Member;
  readonly certificate: string;
  /** A peer of ours: a module of this folder that reads through the proxy, or straight. */
  peer(module: string, way: 'proxy' | 'direct'): Promise<Member>;
  /** The whole gateway as operators start it, its log in a file. */
  gateway(options?: GatewayOptions): Promise<Keyed>;
  /** Ends it with the world. */
  keep<Kind extends Member>(member: Kind): Kind;
  load(load: Load): Promise<Loaded>;
  see(load: Load): Promise<Seen>;
  close(): Promise<void>;
}

export interface GatewayOptions {
  /** As `PROXY_URLS` takes it; the world's proxy unless given. */
  readonly exits?: string;
  readonly storeUrl?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Modules to load before the gateway. */
  readonly imports?: readonly string[];
  /** Adds accounts to the store before the gateway starts; their keys. */
  readonly fill?: () => readonly string[];
}

export interface Keyed extends Member {
  readonly key: string;
  /** Those that were filled in. */
  readonly keys: readonly string[];
}

export async function createWorld(): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-'));
  const members: Member[] = [];
  const kept = <Kind extends Member>(member: Kind): Kind => {
    members.push(member);
    return member;
  };
  const { cert, key } = createCertificate();
  const [certificate, keyFile] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  writeFileSync(certificate, cert);
  writeFileSync(keyFile, key);
  const env = { NODE_EXTRA_CA_CERTS: certificate };
  const upstream = kept(await start('upstream.ts', [certificate, keyFile]));
  const proxy = kept(await start('proxy.ts', []));
  const loader = kept(await start('load.ts', []));
  const origin = `https://127.0.0.1:${upstream.port}`;
  const proxyUrl = `http://127.0.0.1:${proxy.port}`;
  const ask = asker(loader);
  return {
    folder,
    upstream,
    proxy,
    certificate,
    peer: async (module, way) =>
      kept(await start(module, [origin, ...(way === 'proxy' ? [proxyUrl] : [])], env)),
    gateway: async (options = {}) =>
      kept(await startGateway(folder, { exits: proxyUrl, ...options }, origin, env)),
    keep: kept,
    load: (load) => ask('run', load) as Promise<Loaded>,
    see: (load) => ask('see', load) as Promise<Seen>,
    close: async () => {
      for (const member of members.reverse()) await stop(member);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function startGateway(
  folder: string,
  { exits, storeUrl, env = {}, imports = [], fill = () => [] }: GatewayOptions,
  origin: string,
  trust: NodeJS.ProcessEnv,
): Promise<Keyed> {
  const [port, adminPort] = [await freePort(), await freePort()];
  const settings = {
    ...trust,
    HOST: '127.0.0.1',
    PORT: String(port),
    ADMIN_PORT: String(adminPort),
    NODE_ENV: 'production',
    STORE_URL: storeUrl ?? `sqlite:${join(folder, `gateway-${port}.db`)}`,
    UPSTREAM_URL: `${origin}/2.0`,
    EXIT_HOURLY_BUDGET: '1000000',
    PROXY_URLS: exits,
    ...env,
  };
  const key = createKey(settings);
  const keys = fill();
  const log = join(folder, `gateway-${port}.log`);
  const flags = imports.flatMap((module) => ['--import', module]);
  const command = `exec "$0" "$@" > ${log}`;
  const main = join(ROOT, 'src/main.ts');
  const member = await startProgram('sh', ['-c', command, process.execPath, ...flags, main], port, settings);
  return { ...member, key, keys };
}

function createKey(settings: NodeJS.ProcessEnv): string {
  const terms = [
    '--plan',
    'mega',
    '--name',
    'bench',
    '--calls-per-second',
    '1000000',
    '--calls-per-month',
    '1000000000',
  ];
  const told = execFileSync(process.execPath, [join(ROOT, 'src/cli/keys.ts'), 'create', ...terms, '--json'], {
    env: { ...process.env, ...settings },
    encoding: 'utf8',
  });
  return (JSON.parse(told) as { key: string }).key;
}

function asker({ child }: Member): (what: 'run' | 'see', load: Load) => Promise<unknown> {
  let ids = 0;
  return (what, load) => {
    const id = ids++;
    child.send({ id, what, load });
    return new Promise((resolve, reject) => {
      const listen = (told: { id: number; result?: unknown; error?: string }) => {
        if (told.id !== id) return;
        child.off('message', listen);
        if (told.error === undefined) resolve(told.result);
        else reject(new Error(told.error));
      };
      child.on('message', listen);
    });
  };
}
