import { EventEmitter } from 'node:events';
import { type ClientRequest, get as httpGet, type IncomingMessage } from 'node:http';
import { get as httpsGet } from 'node:https';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { parseArgs } from 'node:util';
import { HttpsProxyAgent } from 'https-proxy-agent';
import { type Config, readConfig } from '../config.ts';
import { systemClock } from '../domain/clock.ts';
import { BUDGET_WINDOW_MS, type BudgetStore } from '../egress/budget-store.ts';
import { DIRECT, type ExitSpec, type ProxySpec } from '../egress/list/exit-list.ts';
import { readExitList } from '../egress/list/read.ts';
import { createSession } from '../egress/sources/session-name.ts';
import { openStores } from '../open-stores.ts';
import { runProgram } from './program.ts';
import { quietLog } from './quiet-log.ts';
import { tableOf } from './table.ts';

const USAGE = `Usage: npm run exits -- check [--echo URL] [--timeout SECONDS] [--json]
  Opens a tunnel and TLS to the upstream through each exit; costs none of its budget.
  --echo URL   also asks URL, through each exit, for the address it leaves from`;

const OPTIONS = {
  echo: { type: 'string' },
  timeout: { type: 'string', default: '10' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', default: false },
} as const;

interface Checked {
  readonly exit: string;
  readonly reachable: boolean;
  /** Why not; null when it is. */
  readonly why: string | null;
  readonly connectMs: number | null;
  readonly tlsMs: number | null;
  readonly address: string | null;
  /** Calls left in the running hour; null for exits that a restart renews. */
  readonly left: number | null;
}

/**
 * A second opinion on an exit, by other means than the pool's: node:https and https-proxy-agent. CONNECT and TLS
 * alone, so nothing is asked of Bitbucket.
 */
async function check(
  spec: ExitSpec,
  upstream: URL,
  echo: URL | null,
  timeoutMs: number,
): Promise<Omit<Checked, 'left'>> {
  const session =
    spec.kind === 'proxy' && spec.sessionPattern !== null ? createSession(spec.sessionPattern) : null;
  const startedAtMs = performance.now();
  try {
    const socket = await within(
      timeoutMs,
      spec.kind === 'direct' ? openDirect(upstream) : openTunnel(spec, session, upstream),
    );
    const connectMs = Math.round(performance.now() - startedAtMs);
    await within(timeoutMs, secure(socket, upstream.hostname));
    const tlsMs = Math.round(performance.now() - startedAtMs) - connectMs;
    socket.destroy();
    const address =
      echo === null ? null : await within(timeoutMs, ownAddress(spec, session, echo)).catch(() => null);
    return { exit: spec.label, reachable: true, why: null, connectMs, tlsMs, address };
  } catch (error) {
    return {
      exit: spec.label,
      reachable: false,
      why: reasonOf(error),
      connectMs: null,
      tlsMs: null,
      address: null,
    };
  }
}

const portOf = (url: URL) => Number(url.port || (url.protocol === 'https:' ? 443 : 80));

function openDirect(url: URL): Promise<Socket> {
  const socket = connectTcp({ host: url.hostname, port: portOf(url) });
  return new Promise((resolve, reject) =>
    socket.once('connect', () => resolve(socket)).once('error', reject),
  );
}

function agentOf(spec: ProxySpec, session: string | null): HttpsProxyAgent<string> {
  const credentials = spec.credentials(session);
  const basic =
    credentials === null ? null : Buffer.from(`${credentials.user}:${credentials.pass}`).toString('base64');
  const host = spec.host.includes(':') ? `[${spec.host}]` : spec.host;
  const headers: Record<string, string> = basic === null ? {} : { 'proxy-authorization': `Basic ${basic}` };
  return new HttpsProxyAgent<string>(`${spec.scheme}://${host}:${spec.port}`, { headers });
}

/** The plain tunnel, so that its time and TLS's can be told apart. */
async function openTunnel(spec: ProxySpec, session: string | null, url: URL): Promise<Socket> {
  const request = new EventEmitter();
  let status = 0;
  request.once('proxyConnect', (response: { statusCode: number }) => {
    status = response.statusCode;
  });
  const options = { host: url.hostname, port: portOf(url), secureEndpoint: false } as const;
  const socket = await agentOf(spec, session).connect(request as unknown as ClientRequest, options);
  if (status === 200) return socket;
  socket.destroy();
  throw new Error(
    [401, 402, 403, 407].includes(status) ? `${status}: credentials refused` : `the proxy answered ${status}`,
  );
}

function secure(socket: Socket, servername: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const name = /^[\d.]+$|:/.test(servername) ? {} : { servername };
    const tls = connectTls({ socket, host: servername, rejectUnauthorized: true, ...name });
    tls.once('secureConnect', resolve).once('error', reject);
    tls.once('close', () => reject(new Error('closed before TLS')));
  });
}

function ownAddress(spec: ExitSpec, session: string | null, echo: URL): Promise<string | null> {
  const get = echo.protocol === 'https:' ? httpsGet : httpGet;
  const options = spec.kind === 'direct' ? {} : { agent: agentOf(spec, session) };
  return new Promise((resolve, reject) => {
    get(echo, options, (response) => resolve(addressIn(response))).once('error', reject);
  });
}

async function addressIn(response: IncomingMessage): Promise<string | null> {
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) text = (text + chunk).slice(0, 10_000);
  return /[\da-f]{0,4}(?::[\da-f]{0,4}){2,7}|\d{1,3}(?:\.\d{1,3}){3}/i.exec(text)?.[0] ?? null;
}

function within<Result>(timeoutMs: number, work: Promise<Result>): Promise<Result> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error('timed out')), timeoutMs);
  });
  return Promise.race([work, timeout]).finally(() => clearTimeout(timer));
}

/** Words for a person; never an address with a password in it. */
function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === undefined) return message;
  if (code === 'ECONNREFUSED') return 'refused';
  if (/CERT|SELF_SIGNED|ALTNAME|LEAF/.test(code)) return `certificate not trusted (${code})`;
  return code;
}

async function leftOf(budgets: BudgetStore, specs: readonly ExitSpec[], limit: number) {
  const nowMs = Date.now();
  const fixed = specs.filter(
    (spec) => spec.kind === 'direct' || (!spec.rotating && spec.sessionPattern === null),
  );
  const spendings = await budgets.load(
    fixed.map((spec) => spec.exitId(null)),
    nowMs - BUDGET_WINDOW_MS,
  );
  return (spec: ExitSpec): number | null => {
    if (!fixed.includes(spec)) return null;
    const spending = spendings.get(spec.exitId(null));
    return (spending?.spentUntilMs ?? 0) > nowMs ? 0 : Math.max(0, limit - (spending?.times.length ?? 0));
  };
}

async function report(config: Config, echo: URL | null, timeoutMs: number): Promise<Checked[]> {
  const listed = await readExitList({ urls: config.PROXY_URLS, file: config.PROXY_FILE });
  const specs = listed.length === 0 ? [DIRECT] : listed;
  const upstream = new URL(config.UPSTREAM_URL);
  const checks = await Promise.all(specs.map((spec) => check(spec, upstream, echo, timeoutMs)));
  const stores = await openStores(config.STORE_URL, { role: 'tool', clock: systemClock, log: quietLog });
  try {
    const left = await leftOf(stores.budgets, specs, config.EXIT_HOURLY_BUDGET);
    return checks.map((checked, i) => ({ ...checked, left: left(specs[i] ?? DIRECT) }));
  } finally {
    await stores.close();
  }
}

/** Runs one command line; the process's exit code: 0 when every exit is reachable. */
export async function main(args: readonly string[]): Promise<number> {
  try {
    const { values, positionals } = parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
    const echo = values.echo === undefined ? null : URL.parse(values.echo);
    const misspelt =
      positionals.join(' ') !== 'check' ||
      !/^\d{1,3}$/.test(values.timeout) ||
      (values.echo !== undefined && echo === null);
    if (values.help || misspelt) {
      (values.help ? console.log : console.error)(USAGE);
      return values.help ? 0 : 2;
    }
    const rows = await report(readConfig(process.env), echo, Number(values.timeout) * 1_000);
    console.log(values.json ? JSON.stringify(rows) : tableOf(rows.map((row) => ({ ...row }))));
    return rows.every(({ reachable }) => reachable) ? 0 : 1;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    console.error(error instanceof TypeError ? `${message}\n${USAGE}` : message);
    return error instanceof TypeError ? 2 : 1;
  }
}

if (import.meta.main) process.exit(await runProgram(main));
