import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
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

/** A server of our own on a free port, durable as the gateway asks for. `settings` may want to know the port. */
export async function startRedis(
  settings: readonly string[] | ((port: number) => readonly string[]) = [
    '--appendonly',
    'yes',
    '--appendfsync',
    'always',
  ],
): Promise<RedisServer> {
  const folder = mkdtempSync(join(tmpdir(), 'redis-'));
  const port = await freePort();
  const own = typeof settings === 'function' ? settings(port) : settings;
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '', ...own];
  let child: ChildProcess;

  const start = () =>
    new Promise<void>((resolve, reject) => {
      child = spawn('redis-server', args);
      child.once('error', reject);
      child.stdout?.on('data', (chunk: Buffer) => {
        if (chunk.includes('Ready to accept connections')) resolve();
      });
    });
  const kill = () =>
    new Promise<void>((resolve) => {
      child.once('exit', () => resolve());
      child.kill('SIGKILL');
    });

  await start();
  return {
    url: `redis://127.0.0.1:${port}`,
    pause: () => child.kill('SIGSTOP'),
    resume: () => child.kill('SIGCONT'),
    kill,
    restart: start,
    stop: async () => {
      if (child.exitCode === null && child.signalCode === null) await kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
