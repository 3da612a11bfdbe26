import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { createStandIn, type StandIn } from '../bitbucket/stand-in.ts';

const run = promisify(execFile);
const root = join(import.meta.dirname, '../..');

/** Settings of one gateway, as the environment has them. */
export type Environment = Readonly<Record<string, string>>;

/** What a drill stands on: Bitbucket's stand-in and a folder of its own, gone at the end. */
export interface Ground {
  readonly folder: string;
  readonly standIn: StandIn;
  /** The settings that every gateway of the drill shares. */
  readonly environment: Environment;
  /** Does something when the drill ends, in reverse order. */
  atEnd(work: () => unknown): void;
  close(): Promise<void>;
}

export async function createGround(): Promise<Ground> {
  const standIn = await createStandIn({ hourlyBudget: 10_000_000 });
  const folder = mkdtempSync(join(tmpdir(), 'gateway-drill-'));
  const caFile = join(folder, 'ca.pem');
  writeFileSync(caFile, standIn.certificate.cert);
  const work: (() => unknown)[] = [];
  return {
    folder,
    standIn,
    environment: {
      HOST: '127.0.0.1',
      NODE_ENV: 'production',
      UPSTREAM_URL: standIn.url,
      NODE_EXTRA_CA_CERTS: caFile,
      STORE_URL: `sqlite:${join(folder, 'store', 'gateway.db')}`,
      EXIT_HOURLY_BUDGET: '1000000',
      CALL_DEADLINE_MS: '5000',
      ADMIN_PORT: '0',
      LOG_LEVEL: 'warn',
    },
    atEnd: (step) => work.unshift(step),
    close: async () => {
      for (const step of work) await step();
      await standIn.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A gateway in a process of its own. */
export interface GatewayProcess {
  readonly port: number;
  readonly url: string;
  readonly pid: number;
  /** Everything it printed, on both streams. */
  output(): string;
  kill(signal: NodeJS.Signals): void;
  /** Resident memory now, MB. */
  rssMb(): number;
  /** Its open descriptors. */
  descriptors(): number;
  readonly exited: Promise<number | null>;
}

/** Starts one and waits until it says that it is ready. */
export async function startGateway(ground: Ground, settings: Environment = {}): Promise<GatewayProcess> {
  const port = Number(settings.PORT ?? (await freePort()));
  const child = spawn(process.execPath, ['src/main.ts'], {
    cwd: root,
    env: { PATH: process.env.PATH, ...ground.environment, ...settings, PORT: String(port) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (chunk: Buffer) => {
      output += chunk.toString();
    });
  const exited = new Promise<number | null>((resolve) => child.once('exit', resolve));
  ground.atEnd(() => end(child));
  const url = `http://127.0.0.1:${port}`;
  await until(20_000, 'the gateway is ready', async () => {
    if (child.exitCode !== null) throw new Error(`the gateway ended at its start: ${output}`);
    return fetch(`${url}/readyz`).then(
      (response) => response.ok,
      () => false,
    );
  });
  const pid = child.pid ?? 0;
  return {
    port,
    url,
    pid,
    output: () => output,
    kill: (signal) => child.kill(signal),
    rssMb: () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1_024,
    descriptors: () => readdirSync(`/proc/${pid}/fd`).length,
    exited,
  };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
}

/** Polls until `holds`; rejects with what was waited for. */
export async function until(
  withinMs: number,
  what: string,
  holds: () => boolean | Promise<boolean>,
): Promise<number> {
  const startedAtMs = performance.now();
  while (!(await holds())) {
    if (performance.now() - startedAtMs > withinMs) throw new Error(`not within ${withinMs} ms: ${what}`);
    await wait(25);
  }
  return performance.now() - startedAtMs;
}

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** One line of the keys' own command. */
export async function keysCommand(ground: Ground, args: readonly string[], settings: Environment = {}) {
  const { stdout } = await run(process.execPath, ['src/cli/keys.ts', ...args, '--json'], {
    cwd: root,
    env: { PATH: process.env.PATH, ...ground.environment, ...settings },
  });
  return JSON.parse(stdout);
}

export interface Account {
  readonly name: string;
  readonly key: string;
}

/** An account with a key; without limits of its own it is never refused. */
export async function createAccount(
  ground: Ground,
  name: string,
  terms: readonly string[] = ['--calls-per-second', '1000000', '--calls-per-month', '1000000000'],
  settings: Environment = {},
): Promise<Account> {
  const args = ['create', '--plan', 'mega', '--name', name, ...terms];
  const { key } = (await keysCommand(ground, args, settings)) as { key: string };
  return { name, key };
}

/** Calls of this month that the store has counted for an account. */
export async function usedBy(ground: Ground, name: string, settings: Environment = {}): Promise<number> {
  const rows = (await keysCommand(ground, ['usage', name], settings)) as { used: number }[];
  return rows.reduce((sum, { used }) => sum + used, 0);
}
