import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Whether the tests on Redis can run. CI must have it: there they fail instead of being skipped. */
export const hasRedis = process.env.CI !== undefined || spawnSync('redis-server', ['--version']).status === 0;

export interface RedisServer {
  readonly url: string;
  /** SIGSTOP and SIGCONT: the server is there and says nothing. */
  pause(): void;
  resume(): void;
  /** kill -9. */
  kill(): Promise<void>;
  /** On the same port, with what the append-only file holds. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

type Settings = readonly string[] | ((port: number) => readonly string[]);

/** How often another port is tried when ours was taken between our asking and the server's binding. */
const TRIES = 5;
const START_MS = 20_000;

/** A server of our own on a free port, durable as the gateway asks for. `settings` may want to know the port. */
export async function startRedis(
  settings: Settings = ['--appendonly', 'yes', '--appendfsync', 'always'],
): Promise<RedisServer> {
  for (let left = TRIES; ; left -= 1) {
    try {
      return await startOn(await freePort(), settings);
    } catch (error) {
      if (left === 1) throw error;
    }
  }
}

async function startOn(port: number, settings: Settings): Promise<RedisServer> {
  const folder = mkdtempSync(join(tmpdir(), 'redis-'));
  const own = typeof settings === 'function' ? settings(port) : settings;
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '', ...own];
  let child: ChildProcess | undefined;

  const start = async () => {
    child = spawn('redis-server', args);
    await started(child);
  };
  const kill = async () => {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  };
  const stop = async () => {
    await kill();
    rmSync(folder, { recursive: true, force: true });
  };

  try {
    await start();
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    url: `redis://127.0.0.1:${port}`,
    pause: () => child?.kill('SIGSTOP'),
    resume: () => child?.kill('SIGCONT'),
    kill,
    restart: start,
    stop,
  };
}

/** Rejects, with what the server said, when it ends or says nothing instead of starting. */
function started(child: ChildProcess): Promise<void> {
  let said = '';
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`redis-server did not start: ${said}`)), START_MS);
    const end = (settle: () => void) => {
      clearTimeout(timer);
      settle();
    };
    child.once('error', (error) => end(() => reject(error)));
    child.once('exit', () => end(() => reject(new Error(`redis-server ended: ${said}`))));
    child.stdout?.on('data', (chunk: Buffer) => {
      if (said.length < 10_000) said += chunk;
      if (said.includes('Ready to accept connections')) end(resolve);
    });
  });
}

/** Of the cluster's bus, 10,000 above, the port must be free too. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = await listenOnce(0);
    if (port !== null && port <= 55_535 && (await listenOnce(port + 10_000)) !== null) return port;
  }
}

/** The port, free again; null when it is taken. */
async function listenOnce(port: number): Promise<number | null> {
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  } catch {
    return null;
  } finally {
    server.close();
  }
}
