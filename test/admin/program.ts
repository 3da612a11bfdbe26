import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { StandIn } from '../bitbucket/stand-in.ts';

const root = join(import.meta.dirname, '../..');

// biome-ignore lint/suspicious/noExplicitAny: what an answer holds is for the test to judge
type Json = any;

/** The real program with its door, as `npm start` runs it. */
export interface Program {
  /** Where callers come in. */
  readonly url: string;
  readonly door: string;
  readonly process: ChildProcess;
  /** Everything it wrote. */
  output(): string;
  /** A request to the door, with the token. */
  ask(
    method: string,
    path: string,
    body?: Json,
    headers?: Record<string, string>,
  ): Promise<{ status: number; body: Json }>;
  /** SIGTERM; its exit code. */
  stop(): Promise<number | null>;
}

export const TOKEN = 'canary-token-of-the-door';

export interface ProgramOptions {
  readonly folder: string;
  readonly standIn: StandIn;
  readonly environment?: Readonly<Record<string, string>>;
}

export async function startProgram({ folder, standIn, environment = {} }: ProgramOptions): Promise<Program> {
  const authority = join(folder, 'ca.pem');
  writeFileSync(authority, standIn.certificate.cert);
  const child = spawn(process.execPath, ['src/main.ts'], {
    cwd: root,
    env: {
      PATH: process.env.PATH,
      NODE_ENV: 'production',
      STORE_URL: `sqlite:${join(folder, 'gateway.db')}`,
      HOST: '127.0.0.1',
      PORT: '0',
      ADMIN_PORT: '0',
      ADMIN_TOKEN: TOKEN,
      UPSTREAM_URL: standIn.url,
      EXIT_HOURLY_BUDGET: '1000000',
      NODE_EXTRA_CA_CERTS: authority,
      ...environment,
    },
  });
  let output = '';
  const listening = new Promise<{ url: string; door: string }>((resolve, reject) => {
    const hear = (chunk: Buffer) => {
      output += chunk;
      const line = /^\{.*"msg":"listening".*\}$/m.exec(output)?.[0];
      if (line !== undefined) resolve(JSON.parse(line) as { url: string; door: string });
    };
    child.stdout?.on('data', hear);
    child.stderr?.on('data', hear);
    child.once('exit', () => reject(new Error(`the gateway did not start: ${output}`)));
  });
  const { url, door } = await listening;
  const ask: Program['ask'] = async (method, path, body, headers = {}) => {
    const response = await fetch(door + path, {
      method,
      headers: {
        authorization: `Bearer ${TOKEN}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: text.startsWith('{') ? JSON.parse(text) : text };
  };
  return {
    url: url.replace('localhost', '127.0.0.1'),
    door,
    process: child,
    output: () => output,
    ask,
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      const [code] = await ended;
      return code as number | null;
    },
  };
}
