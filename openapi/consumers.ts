import { type ChildProcess, execFile, execFileSync, spawn } from 'node:child_process';
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { promisify } from 'node:util';
import { doorOpenApiOf } from '../src/admin/api/openapi.ts';
import { operations } from '../src/admin/api/table.ts';
import { checkInspected, openKeyedDoor, PROTOCOLS, totalOf } from './agents.ts';
import { runSamples } from './run-samples.ts';

/**
 * `npm run contract`: the description as others use it. Linters, the gate against breaking changes, generated clients
 * compiled and run, a validating proxy, and the docs page and the door's dashboard in a browser, all against a gateway
 * over the stand-in. The tools are installed beside the project, never in it: each wants another TypeScript.
 */
const root = join(import.meta.dirname, '..');
const description = join(root, 'openapi/openapi.json');
/** Where the tools are installed and run; made when the trial begins. */
let folder = '';
const PORT = '18181';
const PROXY_PORT = '18182';
const DOOR_PORT = '18183';
const ADMIN_PORT = '18184';
const BASE = `http://localhost:${PORT}/bitbucket-api`;
/** By the same name: the callers' pages and the door's are told apart by their ports alone. */
const DOOR = `http://localhost:${ADMIN_PORT}`;
const ADMIN_TOKEN = 'token-of-this-trial';
const environment = {
  ...process.env,
  PATH: [join(root, 'node_modules/.bin'), process.env.PATH].join(delimiter),
  REDOCLY_TELEMETRY: 'off',
};

const TOOLS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  lint: { '@redocly/cli': '2.77.0', '@stoplight/spectral-cli': '6.16.3' },
  fetch: { 'openapi-typescript': '7.13.0', 'openapi-fetch': '0.17.0', typescript: '5.9.3' },
  hey: { '@hey-api/openapi-ts': '0.99.0', typescript: '6.0.3' },
  proxy: { '@stoplight/prism-cli': '5.16.0' },
  browser: { 'playwright-core': '1.65.1', 'axe-core': '4.14.1' },
  mcp: { '@modelcontextprotocol/conformance': '0.2.0-alpha.12' },
  postman: { newman: '6.2.2' },
  inspector: { '@modelcontextprotocol/inspector': '2.12.0' },
};

const STRICTEST = {
  strict: true,
  noUncheckedIndexedAccess: true,
  noImplicitOverride: true,
  noPropertyAccessFromIndexSignature: true,
  noImplicitReturns: true,
  noFallthroughCasesInSwitch: true,
  module: 'nodenext',
  target: 'es2024',
  lib: ['es2024', 'dom', 'dom.iterable'],
  types: ['node'],
  typeRoots: [join(root, 'node_modules/@types')],
  skipLibCheck: true,
};

const exec = promisify(execFile);
const at = (tool: string, ...path: string[]) => join(folder, tool, ...path);
const run = (tool: string, command: string, ...args: string[]) =>
  exec(command, args, { cwd: at(tool), env: environment, timeout: 180_000, maxBuffer: 1e8 });
const bin = (tool: string, name: string) => at(tool, 'node_modules/.bin', name);

const installs = new Map<string, Promise<void>>();

/** Begun for all tools at once: it is the network that takes its time. */
function install(tool: string): Promise<void> {
  const begun = installs.get(tool) ?? installNow(tool);
  installs.set(tool, begun);
  return begun;
}

async function installNow(tool: string): Promise<void> {
  mkdirSync(at(tool));
  const wanted = { private: true, type: 'module', dependencies: TOOLS[tool] };
  writeFileSync(at(tool, 'package.json'), JSON.stringify(wanted));
  copyFileSync(description, at(tool, 'openapi.json'));
  await run(tool, 'npm', 'install', '--no-audit', '--no-fund', '--ignore-scripts');
}

/** Compiles a client in its folder and runs it against the gateway. */
async function tryClient(tool: string, source: string, key: string, more: object): Promise<void> {
  copyFileSync(join(root, 'openapi/clients', source), at(tool, 'main.ts'));
  const settings = {
    compilerOptions: { ...STRICTEST, outDir: 'out', rootDir: '.', ...more },
    include: ['*.ts', 'client'],
  };
  writeFileSync(at(tool, 'tsconfig.json'), JSON.stringify(settings));
  await run(tool, join(root, 'node_modules/.bin/tsc'), '-p', '.');
  await wait(1_100);
  await run(tool, process.execPath, 'out/main.js', BASE, key);
}

/** The description that callers were last given: of the newest tag, or of what is checked in. */
function released(): string {
  const git = (...args: string[]) =>
    execFileSync('git', args, { cwd: root, stdio: ['ignore', 'pipe', 'ignore'] }).toString();
  const tags = git('tag', '--list', 'v*', '--sort=-v:refname').split('\n');
  return git('show', `${tags[0] || 'HEAD'}:openapi/openapi.json`);
}

const TRAFFIC = [
  '/v1/repo?repo=atlassian/atlassian-event',
  '/v1/repo?repo=acme/empty',
  '/v1/repo?repo=acme/nothing',
  '/v1/repo?repo=gitlab.com/a/b/c',
  '/v1/repo?repo=acme/big&stat=1',
  '/v1/repo/branches?repo=acme/big',
  '/v1/repo/branches?repo=acme/big&page=9',
  '/v1/repo/commits?repo=acme/big',
  '/v1/repo/forks?repo=acme/big',
  '/v1/repo/pullrequests?repo=acme/big&state=OPEN,MERGED',
  '/v1/repo/src?repo=acme/big',
  '/v1/repo/src?repo=acme/empty',
  '/v1/repo/tags?repo=acme/big',
  '/v1/repo/watchers?repo=acme/big',
  '/v1/workspace?workspace=atlassian',
  '/v1/workspace/repos?workspace=atlassian&pagelen=100',
  '/v1/workspace?workspace=nobody',
  '/v1/meta',
];

interface Violation {
  readonly location: readonly string[];
}

async function throughValidator(key: string): Promise<void> {
  const args = ['proxy', 'openapi.json', BASE, '--validate-request', 'false', '--port', PROXY_PORT];
  const prism = spawn(process.execPath, [bin('proxy', 'prism'), ...args], {
    cwd: at('proxy'),
    env: environment,
    stdio: 'ignore',
  });
  try {
    await until(`http://localhost:${PROXY_PORT}/v1/meta`);
    const faults: string[] = [];
    for (const headers of [{ 'x-oanor-key': key }, {}] as Record<string, string>[]) {
      for (const path of TRAFFIC) {
        const response = await patiently(`http://localhost:${PROXY_PORT}${path}`, headers);
        // That a call comes without a key is the caller's fault, and wanted here.
        const violations = (JSON.parse(response.headers.get('sl-violations') ?? '[]') as Violation[]).filter(
          ({ location }) => location[0] !== 'request',
        );
        const expected = 'x-oanor-key' in headers ? [200, 400, 404] : [401];
        if (violations.length > 0) faults.push(`${path}: ${JSON.stringify(violations)}`);
        if (!expected.includes(response.status)) faults.push(`${path}: ${response.status}`);
      }
    }
    if (faults.length > 0) throw new Error(faults.join('\n'));
  } finally {
    prism.kill();
  }
}

/** The official suite against the MCP server; every expected failure is listed with its reason. */
async function conform(key: string, version: string): Promise<void> {
  await install('mcp');
  const door = await openKeyedDoor(`http://localhost:${PORT}`, key, Number(DOOR_PORT));
  try {
    const baseline = join(root, `openapi/mcp/conformance-${version}.yaml`);
    const which = ['--spec-version', version, '--suite', 'all', '--expected-failures', baseline];
    const url = `${door.url}/bitbucket-api/mcp`;
    const { stdout } = await run('mcp', bin('mcp', 'conformance'), 'server', '--url', url, ...which);
    console.log(`MCP ${version}: ${totalOf(stdout)}`);
  } finally {
    door.close();
  }
}

/** As a good client: on a fast machine the calls are more than the key's second. */
async function patiently(url: string, headers: Record<string, string>): Promise<Response> {
  for (;;) {
    const response = await fetch(url, { headers });
    if (response.status !== 429) return response;
    await wait(1_000 * Number(response.headers.get('retry-after') ?? 1));
  }
}

async function until(url: string): Promise<void> {
  for (let i = 0; i < 150; i += 1) {
    if (
      await fetch(url).then(
        () => true,
        () => false,
      )
    )
      return;
    await wait(200);
  }
  throw new Error(`${url} does not answer`);
}

/** Runs a script of `openapi/browser`; what it prints. */
async function inBrowser(script: string, ...given: readonly string[]): Promise<string> {
  await install('browser');
  cpSync(join(root, 'openapi/browser'), at('browser'), { recursive: true });
  return (await run('browser', process.execPath, script, ...given)).stdout;
}

/** The sandbox, once it has told its key. */
async function startGateway(): Promise<{ gateway: ChildProcess; key: string }> {
  const gateway = spawn(process.execPath, ['test/bitbucket/sandbox.ts'], {
    cwd: root,
    env: {
      ...environment,
      PORT,
      ADMIN_PORT,
      ADMIN_TOKEN,
      ALLOWED_ORIGINS: `http://localhost:${DOOR_PORT}`,
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const key = await new Promise<string>((resolve, reject) => {
    let text = '';
    gateway.stdout?.on('data', (part) => {
      text += part;
      const found = /^Key: (\S+)$/m.exec(text)?.[1];
      if (found !== undefined) resolve(found);
    });
    gateway.once('exit', () => reject(new Error('the gateway did not start')));
  });
  return { gateway, key };
}

const stepsOf = (key: string): Readonly<Record<string, () => Promise<unknown>>> => ({
  'no drift': () => exec(process.execPath, [join(root, 'openapi/write.ts'), '--check'], { cwd: root }),
  'redocly lint, recommended-strict': async () => {
    await install('lint');
    await run('lint', bin('lint', 'redocly'), 'lint', 'openapi.json', '--extends=recommended-strict');
  },
  'the operator’s door: redocly lint and spectral:oas': async () => {
    writeFileSync(at('lint', 'door.json'), JSON.stringify(doorOpenApiOf(operations, '1.0.0')));
    await run('lint', bin('lint', 'redocly'), 'lint', 'door.json', '--extends=recommended-strict');
    writeFileSync(at('lint', '.spectral.yaml'), 'extends: ["spectral:oas"]\n');
    await run('lint', bin('lint', 'spectral'), 'lint', 'door.json', '--fail-severity=hint');
  },
  'redocly diff, no breaking change': async () => {
    writeFileSync(at('lint', 'released.json'), released());
    await run('lint', bin('lint', 'redocly'), 'diff', 'released.json', 'openapi.json', '--fail-on=major');
  },
  'spectral:oas': async () => {
    writeFileSync(at('lint', '.spectral.yaml'), 'extends: ["spectral:oas"]\n');
    await run('lint', bin('lint', 'spectral'), 'lint', 'openapi.json', '--fail-severity=hint');
  },
  'openapi-typescript + openapi-fetch': async () => {
    await install('fetch');
    await run('fetch', bin('fetch', 'openapi-typescript'), 'openapi.json', '-o', 'schema.ts');
    await tryClient('fetch', 'openapi-fetch.ts', key, { exactOptionalPropertyTypes: true });
  },
  // Its own runtime has an error under exactOptionalPropertyTypes.
  '@hey-api/openapi-ts': async () => {
    await install('hey');
    writeFileSync(at('hey', 'tsconfig.json'), JSON.stringify({ compilerOptions: STRICTEST }));
    await run('hey', bin('hey', 'openapi-ts'), '-i', 'openapi.json', '-o', 'client');
    await tryClient('hey', 'hey-api.ts', key, {});
  },
  'prism, validating proxy': async () => {
    await install('proxy');
    await throughValidator(key);
  },
  'samples of code, run': () => runSamples(`http://localhost:${PORT}`, key),
  'Postman collection, newman': async () => {
    await install('postman');
    const variables = ['--env-var', `key=${key}`, '--env-var', `baseUrl=${BASE}`, '--delay-request', '100'];
    await run('postman', bin('postman', 'newman'), 'run', `${BASE}/postman.json`, ...variables);
  },
  ...Object.fromEntries(
    PROTOCOLS.map((version) => [`MCP conformance, ${version}`, () => conform(key, version)]),
  ),
  'MCP Inspector, command line': async () => {
    await install('inspector');
    const inspect = async (...args: string[]) => {
      const server = [`${BASE}/mcp`, '--transport', 'http', '--header', `x-oanor-key: ${key}`];
      const { stdout } = await run(
        'inspector',
        bin('inspector', 'mcp-inspector'),
        '--cli',
        ...server,
        ...args,
      );
      return stdout;
    };
    const call = ['--method', 'tools/call', '--tool-name', 'getRepository', '--tool-arg', 'repo=acme/big'];
    checkInspected(await inspect('--method', 'tools/list'), await inspect(...call));
  },
  'docs page in Chromium': async () => {
    console.log(await inBrowser('docs.mjs', BASE, key, at('browser')));
  },
  'dashboard in Chromium, light, dark and phone': async () => {
    await inBrowser('dashboard.mjs', DOOR, ADMIN_TOKEN, BASE, key, at('browser'));
  },
});

interface Tried {
  readonly step: string;
  readonly result: 'ok' | 'FAILED';
  readonly seconds: string;
}

async function attempt(step: string, work: () => Promise<unknown>): Promise<Tried> {
  const startedAtMs = performance.now();
  let result: Tried['result'] = 'ok';
  try {
    await work();
  } catch (error) {
    result = 'FAILED';
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    console.error(
      `── ${step}\n${String(error).slice(0, 4_000)}\n${stdout.slice(-4_000)}\n${stderr.slice(-2_000)}`,
    );
  }
  return { step, result, seconds: ((performance.now() - startedAtMs) / 1_000).toFixed(1) };
}

/** Tries everything, one after the other; false when something failed. */
async function tryConsumers(): Promise<boolean> {
  folder = mkdtempSync(join(tmpdir(), 'consumers-'));
  // Awaited by the steps that need them.
  for (const tool of Object.keys(TOOLS)) install(tool).catch(() => {});
  const { gateway, key } = await startGateway();
  const tried: Tried[] = [];
  for (const [step, work] of Object.entries(stepsOf(key))) tried.push(await attempt(step, work));
  gateway.kill('SIGTERM');
  console.table(tried);
  console.log(`Pictures: ${at('browser')}`);
  return tried.every(({ result }) => result === 'ok');
}

if (import.meta.main) process.exitCode = (await tryConsumers()) ? 0 : 1;
