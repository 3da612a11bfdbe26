import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createKey } from '../../src/keys/key.ts';
import { openStores, type Stores } from '../../src/open-stores.ts';
import { createStandIn, type StandIn } from '../bitbucket/stand-in.ts';
import { createTestClock } from '../gateway.ts';

const root = join(import.meta.dirname, '../..');
const quiet = { debug() {}, info() {}, warn() {}, error() {} };

/** The real program on a store of its own. */
export interface Program {
  readonly standIn: StandIn;
  readonly key: string;
  /** Of another account. */
  readonly keyBeside: string;
  readonly process: ChildProcess;
  readonly port: number;
  output(): string;
  /** Settles with the exit code. */
  readonly exit: Promise<number | null>;
  /** What the account has used, read when the program is gone. */
  used(): Promise<number>;
  close(): Promise<void>;
}

async function withStores<Result>(url: string, work: (stores: Stores) => Promise<Result>): Promise<Result> {
  const stores = await openStores(url, { role: 'gateway', clock: createTestClock(), log: quiet });
  try {
    return await work(stores);
  } finally {
    await stores.close();
  }
}

/** Starts `src/main.ts` over a stand-in, with two accounts of 10,000 calls a second. */
export async function startProgram(env: Record<string, string> = {}): Promise<Program> {
  const folder = mkdtempSync(join(tmpdir(), 'program-'));
  const STORE_URL = `sqlite:${join(folder, 'gateway.db')}`;
  const standIn = await createStandIn({ hourlyBudget: 1_000_000 });
  writeFileSync(join(folder, 'ca.pem'), standIn.certificate.cert);
  const [key, keyBeside] = [createKey('test'), createKey('test')];
  await withStores(STORE_URL, async ({ registry }) => {
    const terms = { plan: 'mega', overrides: { callsPerSecond: 10_000 }, expiresAtMs: null } as const;
    await registry.create({ name: 'caller', ...terms }, key, Date.now());
    await registry.create({ name: 'beside', ...terms }, keyBeside, Date.now());
  });
  const program = spawn(process.execPath, ['src/main.ts'], {
    cwd: root,
    env: {
      ...process.env,
      STORE_URL,
      PORT: '0',
      ADMIN_PORT: '0',
      UPSTREAM_URL: standIn.url,
      NODE_EXTRA_CA_CERTS: join(folder, 'ca.pem'),
      EXIT_HOURLY_BUDGET: '1000000',
      PROXY_URLS: '',
      ...env,
    },
  });
  let output = '';
  const exit = new Promise<number | null>((resolve) => program.once('exit', (code) => resolve(code)));
  const port = await new Promise<number>((resolve, reject) => {
    const read = (chunk: Buffer) => {
      output += chunk;
      const found = /"url":"http:\/\/localhost:(\d+)"/.exec(output)?.[1];
      if (found !== undefined) resolve(Number(found));
    };
    program.stdout.on('data', read);
    program.stderr.on('data', read);
    void exit.then((code) => reject(new Error(`the program ended with ${code}: ${output}`)));
  });
  return {
    standIn,
    key: key.key,
    keyBeside: keyBeside.key,
    process: program,
    port,
    output: () => output,
    exit,
    used: () =>
      withStores(STORE_URL, async ({ usage }) =>
        (await usage.list()).reduce((sum, { used }) => sum + used, 0),
      ),
    close: async () => {
      program.kill('SIGKILL');
      await exit;
      await standIn.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
