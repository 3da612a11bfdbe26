import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  globSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { constants, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createStandIn, type StandIn } from '../bitbucket/stand-in.ts';
import { assemble, type Image, placeNode } from './image.ts';

/**
 * The image without a container: exactly the files that the Dockerfile copies, production dependencies alone, an
 * unprivileged user without capabilities, a file system that is read-only but for the data folder, the real process 1.
 */
const run = promisify(execFile);
const root = join(import.meta.dirname, '../..');
/** In memory where that can be had: an installation is thousands of small files. */
const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'image-'));

const TOKEN = 'token-of-the-rehearsal';

let image: Image;
let standIn: StandIn;
let environment: Record<string, string>;
let gateway: ChildProcess;
let output = '';
let url = '';

/** A mount, process and user of its own, as a container has them. The command sees only `environment`. */
function contained(command: readonly string[]): readonly [string, string[]] {
  const { uid, gid, app, volume } = image;
  const script = `
    set -e
    mount --bind "$1" "$1"
    for place in $(awk '$3 ~ /^(ext4|xfs|btrfs|overlay|tmpfs)$/ { print $2 }' /proc/mounts | sort -u); do
      [ "$place" = "$1" ] || mount -o remount,bind,ro "$place" 2>/dev/null || true
    done
    cd "$2"
    shift 2
    exec setpriv --reuid ${uid} --regid ${gid} --clear-groups --no-new-privs --bounding-set=-all --inh-caps=-all "$@"`;
  const own = ['--mount', '--propagation', 'private', '--pid', '--fork', '--mount-proc', '--kill-child'];
  return ['unshare', [...own, 'sh', '-c', script, 'sh', volume, app, ...command]];
}

const inside = (...command: string[]) => run(...contained(command), { env: environment });

const childOf = (pid: number | undefined) =>
  Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0]);
/** Process 1 of the container, as this machine numbers it. */
const firstProcess = () => childOf(gateway.pid);

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  return port;
}

async function untilHealthy(): Promise<void> {
  for (let i = 0; i < 300; i += 1) {
    if (gateway.exitCode !== null) throw new Error(`the gateway ended: ${output}`);
    const healthy = await fetch(`${url}/healthz`).then(
      (response) => response.ok,
      () => false,
    );
    if (healthy) return;
    await wait(100);
  }
  throw new Error(`the gateway is not healthy: ${output}`);
}

beforeAll(async () => {
  if (process.getuid?.() !== 0)
    throw new Error('the rehearsal changes user and mounts: run it as root, as CI does');
  chmodSync(folder, 0o755);
  const tools = {
    ...process.env,
    PATH: [join(root, 'node_modules/node/bin'), process.env.PATH].join(delimiter),
  };
  image = assemble(root, folder, { ...tools, NODE_ENV: 'production', npm_config_prefer_offline: 'true' });
  standIn = await createStandIn();
  writeFileSync(join(folder, 'ca.pem'), standIn.certificate.cert);
  const port = await freePort();
  url = `http://127.0.0.1:${port}`;
  environment = {
    ...image.environment,
    PATH: [placeNode(folder), '/usr/sbin', '/usr/bin', '/sbin', '/bin'].join(delimiter),
    PORT: String(port),
    ADMIN_PORT: String(await freePort()),
    ADMIN_TOKEN: TOKEN,
    UPSTREAM_URL: standIn.url,
    NODE_EXTRA_CA_CERTS: join(folder, 'ca.pem'),
  };
}, 360_000);

afterAll(async () => {
  if (gateway?.exitCode === null) gateway.kill('SIGKILL');
  await standIn?.close();
  rmSync(folder, { recursive: true, force: true });
}, 60_000);

/** Namespaces want root, and the image starts with tini; CI has both. */
const canRehearse =
  process.env.CI !== undefined || (process.getuid?.() === 0 && spawnSync('tini', ['--version']).status === 0);

describe.runIf(canRehearse)('the image', () => {
  it('has the production dependencies and no others', () => {
    const lock = JSON.parse(readFileSync(join(image.app, 'node_modules/.package-lock.json'), 'utf8'));
    const { dependencies, devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    const names = Object.keys(lock.packages).map((path) => path.replace('node_modules/', ''));
    for (const name of Object.keys(dependencies)) expect(names).toContain(name);
    for (const name of Object.keys(devDependencies).filter(
      (name) => lock.packages[`node_modules/${name}`]?.dev,
    ))
      expect.unreachable(`${name} is for development`);
    expect(names).not.toContain('vitest');
  });

  it('is what is copied, and nothing else', () => {
    expect(readdirSync(image.app).sort()).toEqual(['data', 'node_modules', 'package.json', 'src']);
  });

  it('runs as a user who can write the data folder alone', async () => {
    await expect(inside('id', '-u')).resolves.toMatchObject({ stdout: `${image.uid}\n` });
    for (const place of ['.', 'src', 'node_modules', '/tmp', '/var/tmp', '/'])
      await expect(inside('touch', `${place}/planted`)).rejects.toThrow();
    await expect(inside('touch', 'data/planted')).resolves.toBeDefined();
    rmSync(join(image.volume, 'planted'));
  });

  it('a gateway that is not there is not healthy', async () => {
    await expect(inside(...image.healthCheck)).rejects.toMatchObject({ code: 1 });
  });

  it('serves a call with a key made beside it', async () => {
    const create = ['src/cli/keys.ts', 'create', '--plan', 'mega', '--name', 'acme', '--json'];
    const { key } = JSON.parse((await inside(...image.entrypoint, 'node', ...create)).stdout);
    gateway = spawn(...contained([...image.entrypoint, ...image.command]), { env: environment });
    for (const stream of [gateway.stdout, gateway.stderr])
      stream?.on('data', (chunk) => {
        output += chunk;
      });
    await untilHealthy();
    const response = await fetch(`${url}/bitbucket-api/v1/repo?repo=atlassian/atlassian-event`, {
      headers: { 'x-oanor-key': key },
    });
    expect(response.status).toBe(200);
    expect(((await response.json()) as { data: { slug: string } }).data.slug).toBe('atlassian-event');
    expect(standIn.requests).toHaveLength(1);
    expect(output).not.toContain(key);
  });

  it.each(['/readyz', '/bitbucket-api/docs', '/bitbucket-api/openapi.json', '/bitbucket-api/llms.txt'])(
    '%s needs no file that was left out',
    async (path) => {
      const response = await fetch(url + path);
      await response.arrayBuffer();
      expect(response.status).toBe(200);
    },
  );

  it.each([
    '/',
    '/dashboard/app.js',
    '/dashboard/uplot.js',
    '/dashboard/uplot.css',
    '/metrics',
    '/openapi.json',
  ])('%s of the operator’s door needs no file that was left out', async (path) => {
    const door = `http://127.0.0.1:${environment.ADMIN_PORT}`;
    const response = await fetch(door + path, { headers: { authorization: `Bearer ${TOKEN}` } });
    await response.arrayBuffer();
    expect(response.status).toBe(200);
  });

  it('is healthy by its own check', async () => {
    await expect(inside(...image.healthCheck)).resolves.toMatchObject({ stdout: '' });
  });

  it('keeps what it writes from others', () => {
    const kept = globSync('**', { cwd: image.volume }).filter((file) => file !== '.');
    expect(kept).toContain('gateway.db');
    for (const file of kept)
      expect([file, statSync(join(image.volume, file)).mode & 0o077]).toEqual([file, 0]);
    expect(statSync(join(image.volume, 'gateway.db')).uid).toBe(image.uid);
  });

  it('opens no debugger: nothing listens for SIGUSR1', () => {
    const status = readFileSync(`/proc/${childOf(firstProcess())}/status`, 'utf8');
    const caught = BigInt(`0x${/^SigCgt:\s*(\w+)$/m.exec(status)?.[1]}`);
    const isCaught = (signal: number) => (caught & (1n << BigInt(signal - 1))) !== 0n;
    expect([isCaught(constants.signals.SIGTERM), isCaught(constants.signals.SIGUSR1)]).toEqual([true, false]);
  });

  it('obeys SIGTERM: what was begun is answered, and process 1 ends with 0', async () => {
    const ended = once(gateway, 'exit');
    process.kill(firstProcess(), 'SIGTERM');
    expect(await ended).toEqual([0, null]);
    await expect(fetch(`${url}/healthz`)).rejects.toThrow();
  }, 40_000);
});
