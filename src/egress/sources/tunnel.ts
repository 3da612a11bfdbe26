import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Socket } from 'node:net';
import { buildConnector } from 'undici';
import type { ExitSpec, ProxySpec } from '../list/exit-list.ts';

/** Why a way out could not be opened. No message holds an address or a password. */
export class TunnelError extends Error {
  override readonly name = 'TunnelError';
  /** The proxy's answer to CONNECT, where it gave one. */
  readonly status: number | undefined;

  constructor(reason: string, status?: number) {
    super(reason);
    this.status = status;
  }

  /** The proxy refuses who we say we are, not this one tunnel. */
  get isAboutCredentials(): boolean {
    return this.status !== undefined && [401, 402, 403, 407].includes(this.status);
  }
}

const MAX_CONNECT_HEADERS = 16 * 1024;

/** TLS to the upstream. Verified always: no setting and no variable of the environment can turn it off. */
const createTls = (timeoutMs: number) =>
  buildConnector({ rejectUnauthorized: true, allowH2: false, timeout: timeoutMs, maxCachedSessions: 500 });

/** How undici opens a connection that leaves from `spec`, within `timeoutMs`. */
export function createConnector(
  spec: ExitSpec,
  session: string | null,
  timeoutMs: number,
): buildConnector.connector {
  const tls = createTls(timeoutMs);
  if (spec.kind === 'direct') return tls;
  return (options, done) => {
    const host = `${options.hostname}:${options.port || 443}`;
    openTunnel(spec, session, host, timeoutMs).then(
      (httpSocket) => tls({ ...options, httpSocket }, done),
      (error: Error) => done(error, null),
    );
  };
}

/** CONNECT through the proxy. Rejects with `TunnelError`. */
function openTunnel(
  spec: ProxySpec,
  session: string | null,
  host: string,
  timeoutMs: number,
): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const request = (spec.scheme === 'https' ? httpsRequest : httpRequest)({
      host: spec.host,
      port: spec.port,
      method: 'CONNECT',
      path: host,
      headers: { host, ...authorizationOf(spec, session) },
      agent: false,
      maxHeaderSize: MAX_CONNECT_HEADERS,
      ...(spec.scheme === 'https' ? { rejectUnauthorized: true } : {}),
    });
    const timer = setTimeout(() => fail('the proxy did not open a tunnel in time'), timeoutMs);
    const fail = (reason: string, status?: number) => {
      clearTimeout(timer);
      request.destroy();
      reject(new TunnelError(reason, status));
    };
    request.once('connect', (response, socket: Socket, early: Buffer) => {
      clearTimeout(timer);
      const status = response.statusCode ?? 0;
      if (status === 200 && early.length === 0) return resolve(socket);
      socket.destroy();
      reject(
        new TunnelError(
          status === 200 ? 'the proxy spoke before TLS' : `the proxy answered ${status}`,
          status,
        ),
      );
    });
    request.once('response', (response) =>
      fail(`the proxy answered ${response.statusCode}`, response.statusCode),
    );
    request.once('error', (error: NodeJS.ErrnoException) =>
      fail(`the proxy failed (${error.code ?? 'unknown'})`),
    );
    request.end();
  });
}

function authorizationOf(spec: ProxySpec, session: string | null): Record<string, string> {
  const credentials = spec.credentials(session);
  if (credentials === null) return {};
  const basic = Buffer.from(`${credentials.user}:${credentials.pass}`).toString('base64');
  return { 'proxy-authorization': `Basic ${basic}` };
}
