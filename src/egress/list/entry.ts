import { isIPv6 } from 'node:net';
import { domainToASCII } from 'node:url';
import type { SessionPattern } from '../sources/session-name.ts';
import { parseTemplate, type Template } from './template.ts';

/** One entry of the list, read. Holds the password: it must not outlive the parsing. */
export type ExitEntry =
  | { readonly kind: 'direct' }
  | {
      readonly kind: 'proxy';
      readonly scheme: 'http' | 'https';
      readonly rotating: boolean;
      readonly host: string;
      readonly port: number;
      readonly hasCredentials: boolean;
      readonly user: Template;
      readonly pass: Template;
      readonly sessionPattern: SessionPattern | null;
    };

/** The pieces of an entry as they were written. */
interface Pieces {
  readonly scheme: 'http' | 'https';
  readonly rotating: boolean;
  readonly host: string;
  readonly port: string | null;
  readonly user: string;
  readonly pass: string;
}

const SCHEMES = ['http', 'https', 'rotating+http', 'rotating+https'];
const DEFAULT_PORTS = { http: 80, https: 443 };
const HOST = '(\\[[^\\]]*\\]|[^:@/\\[\\]]+)';
/** Up to the first colon, that of `{session:digits}` aside. */
const USER = '((?:\\{session:[^}:]*\\}|[^:])*)';
const HOST_FIRST = new RegExp(`^${HOST}:(\\d+):${USER}:(.*)$`, 's');
const HOST_LAST = new RegExp(`^${USER}:(.*)@${HOST}:(\\d+)$`, 's');
const CREDENTIALS = new RegExp(`^${USER}(?::(.*))?$`, 's');
const AUTHORITY = new RegExp(`^(?:(.*)@)?${HOST}(?::(\\d*))?/?$`, 's');

/**
 * Reads one entry; a string is what is wrong with it, in words that hold nothing of the entry.
 *
 * `[rotating+]http[s]://[user[:pass]@]host[:port]`, `direct`, `host:port:user:pass`, `user:pass@host:port`.
 */
export function parseExitEntry(text: string): ExitEntry | string {
  if (text.toLowerCase() === 'direct') return { kind: 'direct' };
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text);
  const pieces = scheme
    ? parseUrl(scheme[1]!.toLowerCase(), text.slice(scheme[0].length))
    : parseVendor(text);
  return typeof pieces === 'string' ? pieces : readPieces(pieces);
}

/** Cut at the last `@`, since a password may hold one; the WHATWG parser would also refuse raw `/`, `#` and `?`. */
function parseUrl(scheme: string, rest: string): Pieces | string {
  if (/^(rotating\+)?socks/.test(scheme)) {
    return 'SOCKS proxies are not supported; most vendors offer the same exits over http:// on another port';
  }
  if (!SCHEMES.includes(scheme)) {
    return 'only http://, https://, rotating+http://, rotating+https:// and the word direct are known';
  }
  const [whole, credentials = '', host = '', port = null] = AUTHORITY.exec(rest) ?? [];
  if (whole === undefined)
    return 'what follows the scheme must be [user:password@]host[:port] and nothing more';
  const [, user = '', pass = ''] = CREDENTIALS.exec(credentials) ?? [];
  return {
    scheme: scheme.endsWith('https') ? 'https' : 'http',
    rotating: scheme.startsWith('rotating+'),
    host,
    port: port || null,
    user,
    pass,
  };
}

/** Where both forms fit (`a:1:b:c@d:2`), the host stands where a name with a dot does. */
function parseVendor(text: string): Pieces | string {
  const first = HOST_FIRST.exec(text);
  const last = HOST_LAST.exec(text);
  const plain = { scheme: 'http', rotating: false } as const;
  if (first && (!last || /[.[]|^localhost$/i.test(first[1]!))) {
    return { ...plain, host: first[1]!, port: first[2]!, user: first[3]!, pass: first[4]! };
  }
  if (last) return { ...plain, host: last[3]!, port: last[4]!, user: last[1]!, pass: last[2]! };
  return 'not understood; write http://user:password@host:port, host:port:user:password, user:password@host:port or direct';
}

function readPieces(pieces: Pieces): ExitEntry | string {
  const host = parseHost(pieces.host);
  if (host === null) return 'the host is not a name, an IPv4 address or an IPv6 address in brackets';
  const port = pieces.port === null ? DEFAULT_PORTS[pieces.scheme] : Number(pieces.port);
  if (port < 1 || port > 65_535) return 'the port must be 1 to 65535';
  if (`${pieces.user}${pieces.pass}`.includes('{session:') && !holdsKnownSession(pieces)) {
    return 'a session is written {session} or {session:digits}';
  }
  const user = parseTemplate(pieces.user);
  const pass = parseTemplate(pieces.pass);
  return {
    kind: 'proxy',
    scheme: pieces.scheme,
    rotating: pieces.rotating,
    host,
    port,
    hasCredentials: pieces.user !== '' || pieces.pass !== '',
    user,
    pass,
    sessionPattern: user.holdsSession || pass.holdsSession ? { digits: user.digits || pass.digits } : null,
  };
}

const holdsKnownSession = ({ user, pass }: Pieces): boolean =>
  !/\{session:(?!digits\})/.test(user) && !/\{session:(?!digits\})/.test(pass);

/** Lower case, without brackets, IPv6 in its shortest form, so that one host has one spelling; null: not a host. */
function parseHost(text: string): string | null {
  if (text.startsWith('[')) {
    const address = text.slice(1, -1);
    return isIPv6(address) && !address.includes('%')
      ? new URL(`http://[${address}]`).hostname.slice(1, -1)
      : null;
  }
  const ascii = /[^\x00-\x7f]/.test(text) ? domainToASCII(text) : text.toLowerCase();
  return /^[a-z0-9_]([a-z0-9_.-]*[a-z0-9_.])?$/.test(ascii) && !ascii.includes('..') ? ascii : null;
}
