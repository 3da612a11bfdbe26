import type { Fault } from '../fault.ts';

/** Why a way out could not be opened. No message holds an address or a password, and nothing hangs on it that does. */
export class TunnelError extends Error implements Fault {
  override readonly name = 'TunnelError';
  readonly verdict: Fault['verdict'];

  constructor(verdict: Fault['verdict'], words: string) {
    super(words);
    this.verdict = verdict;
  }

  get words(): string {
    return this.message;
  }
}

/** Whom we were speaking to when it went wrong. */
export type Peer = 'proxy' | 'upstream';

const ABOUT_CREDENTIALS = [401, 402, 403, 407];

/** A proxy's answer to CONNECT other than 200. What vendors refuse an account with (tinyproxy: 401) names credentials. */
export function tunnelRefused(status: number): TunnelError {
  return ABOUT_CREDENTIALS.includes(status)
    ? new TunnelError('credentials', `the proxy refused the credentials (${status})`)
    : new TunnelError('proxy_error', `the proxy answered ${status}`);
}

export const spokeBeforeTls = () => new TunnelError('proxy_error', 'the proxy spoke before TLS');
export const closedBy = (peer: Peer) =>
  new TunnelError(
    'proxy_error',
    peer === 'proxy' ? 'the proxy closed the connection' : 'the tunnel was closed before TLS',
  );
export const timedOut = () => new TunnelError('timeout', 'timed out');

type Words = Readonly<Record<Peer, readonly [verdict: Fault['verdict'], words: string]>>;
const alike = (verdict: Fault['verdict'], what: string): Words => ({
  proxy: [verdict, `the proxy ${what}`],
  upstream: [verdict, `the upstream ${what}`],
});
const garbage = alike('proxy_error', 'does not speak HTTP');

const BY_CODE: Readonly<Record<string, Words>> = {
  ECONNREFUSED: alike('refused', 'refused the connection'),
  ENOTFOUND: alike('refused', 'has a name that is not known'),
  EAI_AGAIN: alike('refused', 'has a name that could not be looked up'),
  EHOSTUNREACH: alike('refused', 'cannot be reached'),
  ENETUNREACH: alike('refused', 'cannot be reached'),
  EADDRNOTAVAIL: alike('refused', 'cannot be reached'),
  ETIMEDOUT: alike('timeout', 'did not answer in time'),
  ECONNRESET: alike('proxy_error', 'closed the connection'),
  EPIPE: alike('proxy_error', 'closed the connection'),
  HPE_HEADER_OVERFLOW: alike('proxy_error', 'sent too many headers'),
};

const CERTIFICATE = /CERT|SELF_SIGNED|ALTNAME|ISSUER|LEAF/;

/** The name of what a socket, TLS or the parser said. */
export function tunnelErrorOf(error: unknown, peer: Peer): TunnelError {
  if (error instanceof TunnelError) return error;
  const { code = 'unknown' } = error as NodeJS.ErrnoException;
  const known = BY_CODE[code] ?? (code.startsWith('HPE_') ? garbage : undefined);
  if (known !== undefined) return new TunnelError(...known[peer]);
  if (CERTIFICATE.test(code))
    return new TunnelError('certificate', `the certificate of ${nameOf(peer)} is not trusted (${code})`);
  return new TunnelError(
    'proxy_error',
    `${/SSL|TLS|EPROTO/.test(code) ? 'TLS failed with' : 'failed at'} ${nameOf(peer)} (${code})`,
  );
}

const nameOf = (peer: Peer) => (peer === 'proxy' ? 'the proxy' : 'the upstream');
