import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Program, startProgram } from './program.ts';

const LIMIT_MS = 60_000;
const REREAD = 'the list of exits was read again';
const REFUSED = 'the new list of exits was refused; the old one stays';

let folder: string;
let program: Program | undefined;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'signals-'));
  program = undefined;
});
afterEach(async () => {
  await program?.close();
  rmSync(folder, { recursive: true, force: true });
});

const statusOf = async ({ port, key }: Program, path: string) =>
  (await fetch(`http://127.0.0.1:${port}${path}`, { headers: { 'x-oanor-key': key } })).status;
const timesIn = (text: string, line: string) => text.split(line).length - 1;

describe('SIGHUP', () => {
  it(
    'from the first module on, again and again, ends nothing',
    async () => {
      const preload = pathToFileURL(join(import.meta.dirname, 'hang-up-while-loading.ts'));
      program = await startProgram({ NODE_OPTIONS: `--import ${preload}` });
      await expect.poll(program.output, { timeout: 10_000 }).toContain(REREAD);
      expect(await statusOf(program, '/bitbucket-api/v1/meta')).toBe(200);
      program.process.kill('SIGTERM');
      expect(await program.exit).toBe(0);
    },
    LIMIT_MS,
  );

  it(
    'with a list that cannot be used keeps the old one, names the fault without its secret, and takes the next good one',
    async () => {
      const file = join(folder, 'exits.txt');
      writeFileSync(file, 'direct\n');
      program = await startProgram({ PROXY_FILE: file });
      writeFileSync(file, 'direct\nhttp://user:canary@\n');
      program.process.kill('SIGHUP');
      await expect.poll(program.output, { timeout: 10_000 }).toContain(REFUSED);
      const line = program
        .output()
        .split('\n')
        .find((text) => text.includes(REFUSED));
      expect(JSON.parse(line ?? '').cause).toMatch(/^PROXY_FILE line 2: /);
      expect(program.output()).not.toContain('canary');
      expect(await statusOf(program, '/bitbucket-api/v1/repo?repo=acme/big')).toBe(200);
      writeFileSync(file, 'direct\n');
      program.process.kill('SIGHUP');
      await expect.poll(program.output, { timeout: 10_000 }).toContain(REREAD);
    },
    LIMIT_MS,
  );

  it(
    'in a storm reads the list a few times, never two at once',
    async () => {
      program = await startProgram();
      for (let i = 0; i < 200; i += 1) {
        program.process.kill('SIGHUP');
        await new Promise((resolve) => setImmediate(resolve));
      }
      await expect.poll(program.output, { timeout: 10_000 }).toContain(REREAD);
      expect(await statusOf(program, '/bitbucket-api/v1/meta')).toBe(200);
      expect(timesIn(program.output(), REFUSED)).toBe(0);
      expect(timesIn(program.output(), REREAD)).toBeLessThan(200);
    },
    LIMIT_MS,
  );
});
