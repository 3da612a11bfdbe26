import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { networkInterfaces, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Program, startProgram } from './program.ts';

const root = join(import.meta.dirname, '../..');
const folder = mkdtempSync(join(tmpdir(), 'start-'));
const LIMIT_MS = 60_000;

let taken: Server;
let port: number;
beforeAll(async () => {
  taken = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => taken.listen(0, () => resolve()));
  ({ port } = taken.address() as AddressInfo);
});
afterAll(() => {
  taken.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Runs a program that cannot start, to its end. */
function run(file: string, env: Record<string, string>): Promise<{ code: number | null; text: string }> {
  const environment = { ...process.env, STORE_URL: `sqlite:${join(folder, 'gateway.db')}`, ...env };
  const child = spawn(process.execPath, [file], { cwd: root, env: environment });
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk) => {
      text += chunk;
    });
  return new Promise((resolve) => child.once('exit', (code) => resolve({ code, text })));
}

describe('a port that is taken', () => {
  it(
    'is told in one line, and no development key is burnt',
    async () => {
      const { code, text } = await run('src/main.ts', {
        PORT: String(port),
        ADMIN_PORT: '0',
        LOG_LEVEL: 'silent',
      });
      expect([code, text]).toEqual([1, `PORT ${port} is taken: another program listens there\n`]);
    },
    LIMIT_MS,
  );

  it(
    'ends the sandbox too, which does not boast of the other program',
    async () => {
      const { code, text } = await run('test/bitbucket/sandbox.ts', { PORT: String(port), ADMIN_PORT: '0' });
      expect(code).toBe(1);
      expect(text).toContain(`PORT ${port} is taken`);
      expect(text).not.toContain('are running');
    },
    LIMIT_MS,
  );
});

it(
  'a setting that cannot be read is one line that names it, never its value',
  async () => {
    const { code, text } = await run('src/main.ts', { TRUST_PROXY: 'canary' });
    expect(code).toBe(1);
    expect(text).toMatch(/^TRUST_PROXY must hold [^\n]+\n$/);
    expect(text).not.toContain('canary');
  },
  LIMIT_MS,
);

describe('a program that started', () => {
  let program: Program;
  afterEach(() => program.close());
  const hasIpv6 = Object.values(networkInterfaces()).some((list) =>
    list?.some(({ address }) => address === '::1'),
  );

  it(
    'listens on IPv4, and on IPv6 where there is any; prints a short screen; SIGHUP does not end it',
    async () => {
      program = await startProgram();
      for (const host of ['127.0.0.1', ...(hasIpv6 ? ['[::1]'] : [])])
        expect((await fetch(`http://${host}:${program.port}/healthz`)).status).toBe(200);
      await expect.poll(program.output, { timeout: 10_000 }).toContain(`curl -H "x-oanor-key: $KEY"`);
      program.process.kill('SIGHUP');
      await expect.poll(program.output, { timeout: 10_000 }).toContain('the list of exits was read again');
      expect((await fetch(`http://127.0.0.1:${program.port}/healthz`)).status).toBe(200);
    },
    LIMIT_MS,
  );
});
