import { execFile, spawn } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getCACertificates } from 'node:tls';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { ConfigError } from '../../src/config.ts';
import { loadEnvFile } from '../../src/env-file.ts';
import { createCertificate } from '../bitbucket/certificate.ts';

/** Programs are started, on a machine that may be busy. */
vi.setConfig({ testTimeout: 120_000 });

const folder = mkdtempSync(join(tmpdir(), 'env-file-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const src = join(import.meta.dirname, '../../src');

let count = 0;
/** A working folder of its own, with this `.env` where one is given. */
function folderWith(text?: string): string {
  count += 1;
  const own = join(folder, String(count));
  mkdirSync(own);
  if (text !== undefined) writeFileSync(join(own, '.env'), text);
  return own;
}

async function run(cwd: string, program: string, args: string[], env: Record<string, string> = {}) {
  return promisify(execFile)(process.execPath, [join(src, program), ...args], {
    cwd,
    env: { PATH: process.env.PATH ?? '', ...env },
  }).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    ({ code, stdout, stderr }: { code: number; stdout: string; stderr: string }) => ({
      code,
      stdout,
      stderr,
    }),
  );
}

describe('.env', () => {
  it('sets what the environment leaves unset or empty, and nothing else', () => {
    const file = join(folderWith('SET=file\nEMPTY=file\nUNSET="a b" # said here\n'), '.env');
    const environment: Record<string, string | undefined> = { SET: 'given', EMPTY: ' ' };
    loadEnvFile(environment, file);
    expect(environment).toEqual({ SET: 'given', EMPTY: 'file', UNSET: 'a b' });
  });

  it('that is not there is nothing to speak of', () => {
    const environment = {};
    loadEnvFile(environment, join(folder, 'none'));
    expect(environment).toEqual({});
  });

  it('authorities that NODE_EXTRA_CA_CERTS names there are trusted beside the usual ones', () => {
    const own = folderWith();
    const { cert } = createCertificate();
    writeFileSync(join(own, 'ca.pem'), cert);
    writeFileSync(join(own, '.env'), `NODE_EXTRA_CA_CERTS=${join(own, 'ca.pem')}\n`);
    const trusted = () =>
      new Set(getCACertificates('default').map((pem) => new X509Certificate(pem).fingerprint256));
    const usual = trusted();
    loadEnvFile({}, join(own, '.env'));
    expect(trusted()).toEqual(usual.add(new X509Certificate(cert).fingerprint256));
  });

  it('that cannot be read ends the start with one line that names it', () => {
    const file = join(folderWith(), '.env');
    mkdirSync(file);
    expect(() => loadEnvFile({}, file)).toThrow(ConfigError);
    expect(() => loadEnvFile({}, file)).toThrow(/\.env cannot be read \(EISDIR\)$/);
  });
});

describe('programs and .env', () => {
  it.each([
    ['cli/keys.ts', ['--help']],
    ['cli/store.ts', ['--help']],
    ['cli/exits.ts', ['--help']],
  ])('%s says nothing of a .env that is not there', async (program, args) => {
    const { code, stderr } = await run(folderWith(), program, args);
    expect([code, stderr]).toEqual([0, '']);
  });

  it.each(['cli/keys.ts', 'cli/store.ts', 'main.ts'])('%s takes its settings from it', async (program) => {
    const args = program === 'main.ts' ? [] : [program.includes('keys') ? 'list' : 'check'];
    const { code, stderr } = await run(folderWith('STORE_URL=mysql://host/db\n'), program, args);
    expect(code).toBe(1);
    expect(stderr).toBe('STORE_URL must begin with sqlite:, redis:// or rediss://\n');
  });

  it('a file of authorities that is not there is told by name', async () => {
    const own = folderWith('NODE_EXTRA_CA_CERTS=missing.pem\n');
    expect((await run(own, 'cli/keys.ts', ['--help'])).stderr).toBe(
      'NODE_EXTRA_CA_CERTS cannot be read (ENOENT)\n',
    );
  });

  it('a reader that has seen enough ends a command quietly', async () => {
    const reader = spawn('/bin/sh', [
      '-c',
      `"${process.execPath}" "${join(src, 'cli/keys.ts')}" --help | true`,
    ]);
    let told = '';
    reader.stderr.on('data', (chunk) => {
      told += chunk;
    });
    await new Promise((resolve) => reader.once('exit', resolve));
    expect(told).toBe('');
  });
});
