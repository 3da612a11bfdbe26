import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FAULT_CHOICES, FAULT_HEADER } from './faults.ts';
import { createStandIn } from './stand-in.ts';

/** Nobody should run dry while trying. */
const HIGH = 1_000_000;

/** Bitbucket's stand-in with the gateway in front: the main job without internet. */
const standIn = await createStandIn({ hourlyBudget: HIGH });
const folder = mkdtempSync(join(tmpdir(), 'bitbucket-gateway-'));
const caFile = join(folder, 'ca.pem');
writeFileSync(caFile, standIn.certificate.cert);

const environment = {
  ...process.env,
  UPSTREAM_URL: standIn.url,
  NODE_EXTRA_CA_CERTS: caFile,
  STORE_URL: `sqlite:${join(folder, 'gateway.db')}`,
  EXIT_HOURLY_BUDGET: String(HIGH),
  LOG_LEVEL: process.env.LOG_LEVEL ?? 'error',
  NODE_ENV: 'production',
  PROXY_URLS: '',
  PROXY_FILE: '',
};
/** A key of an account of its own; its plan's numbers unless others are given. */
function createKey(name: string, plan: string, ...limits: readonly string[]): string {
  const create = ['src/cli/keys.ts', 'create', '--plan', plan, '--name', name, ...limits, '--json'];
  const made = JSON.parse(execFileSync(process.execPath, create, { env: environment }).toString()) as {
    key: string;
  };
  return made.key;
}
const key = createKey('sandbox', 'mega');
const tinyKey = createKey('tiny', 'free', '--calls-per-second', '1', '--calls-per-month', '5');

const gateway: ChildProcess = spawn(process.execPath, ['test/bitbucket/sandbox-gateway.ts'], {
  env: environment,
  stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
});
gateway.once('exit', async (code) => {
  await standIn.close();
  rmSync(folder, { recursive: true, force: true });
  process.exit(code ?? 1);
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => gateway.kill('SIGTERM'));

// By the gateway's own word: on a port that is taken another program would answer.
const [{ url }] = (await once(gateway, 'message')) as [{ readonly url: string }];

const curl = (path: string) => `curl -H "x-oanor-key: ${key}" "${url}/bitbucket-api${path}"`;
console.log(`The gateway and a stand-in of Bitbucket are running. Ctrl+C ends both.

Key: ${key}
Tiny key: ${tinyKey} (1 call a second, 5 a month: meet a 429 and an exhausted month)

${curl('/v1/repo?repo=atlassian%2Fatlassian-event&pretty=1')}
${curl('/v1/repo/branches?repo=atlassian%2Fatlassian-event')}
${curl('/v1/repo/src?repo=atlassian%2Fatlassian-event&pretty=1')}

What your program is to survive, with the header ${FAULT_HEADER} (here alone; elsewhere it means nothing):
${curl('/v1/meta')} -i -H "${FAULT_HEADER}: 502"
One of ${FAULT_CHOICES}.

Docs: ${url}/bitbucket-api/docs
MCP: { "type": "http", "url": "${url}/bitbucket-api/mcp", "headers": { "x-oanor-key": "${key}" } }
`);
