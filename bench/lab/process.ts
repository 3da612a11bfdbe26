import { type ChildProcess, fork, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';

/** A process of the lab. */
export interface Member {
  readonly pid: number;
  readonly port: number;
  readonly child: ChildProcess;
}

const file = (name: string) => join(import.meta.dirname, name);

/** Starts a module of this folder and waits until it says where it listens. */
export function start(name: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Member> {
  const child = fork(file(name), [...args], {
    env: { ...process.env, NODE_ENV: 'production', ...env },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    execArgv: [],
  });
  return new Promise((resolve, reject) => {
    child.once('message', ({ port }: { port: number }) => resolve({ pid: child.pid ?? 0, port, child }));
    child.once('exit', (code, signal) =>
      reject(new Error(`${name} ended with ${code ?? signal} before it listened`)),
    );
  });
}

/** Starts any program and waits until `port` takes connections. */
export async function startProgram(
  program: string,
  args: readonly string[],
  port: number,
  env: NodeJS.ProcessEnv = {},
): Promise<Member> {
  const child = spawn(program, args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr?.on('data', (chunk) => {
    said = (said + chunk).slice(-2_000);
  });
  let isOver = false;
  child.once('exit', () => {
    isOver = true;
  });
  child.once('error', (error) => {
    isOver = true;
    said = error.message;
  });
  for (let tries = 0; tries < 300 && !isOver; tries += 1) {
    if (await takesConnections(port)) return { pid: child.pid ?? 0, port, child };
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  child.kill('SIGKILL');
  throw new Error(`${program} did not listen: ${said}`);
}

function takesConnections(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

/** A port that nobody has now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** CPU that a process, its threads and its children have used, µs. */
export function cpuUsOf(pid: number): number {
  let ns = 0;
  for (const one of [pid, ...childrenOf(pid)])
    for (const thread of list(`/proc/${one}/task`))
      ns += Number(read(`/proc/${one}/task/${thread}/schedstat`).split(' ')[0]);
  return ns / 1_000;
}

/** Memory that a process and its children hold, MB. */
export function rssMbOf(pid: number): number {
  let kb = 0;
  for (const one of [pid, ...childrenOf(pid)])
    kb += Number(/VmRSS:\s+(\d+)/.exec(read(`/proc/${one}/status`))?.[1] ?? 0);
  return kb / 1_024;
}

const childrenOf = (pid: number) =>
  list(`/proc/${pid}/task`).flatMap((thread) =>
    read(`/proc/${pid}/task/${thread}/children`).split(' ').filter(Boolean).map(Number),
  );

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** Ends it, hard after two seconds. */
export async function stop({ child }: Member): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const over = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGTERM');
  const hard = setTimeout(() => child.kill('SIGKILL'), 2_000);
  await over;
  clearTimeout(hard);
}
