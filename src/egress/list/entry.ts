import { isIPv6 } from 'node:net';
import { domainToASCII } from 'node:url';
import type { Entry } from '../sources/create-sources.ts';
import { isSocks, type ProxyTerms, type Scheme } from '../sources/proxy-terms.ts';
import { parseTemplate } from './template.ts';
import { splitTerms } from './terms.ts';

/** An entry that was understood, or what is wrong with it in words that hold nothing of it. */
export type Parsed = { readonly entry: Entry } | { readonly fault: string };

/** The pieces of an entry as they were written. */
interface Pieces {
  readonly scheme: Scheme;
  readonly rotating: boolean;
  readonly host: string;
  readonly port: string | null;
  readonly user: string;
  readonly pass: string;
}

const DEFAULT_PORTS: Readonly<Record<Scheme, number>> = { http: 80, https: 443, socks5: 1080, socks5h: 1080 };
/** RFC 1929 counts the bytes of user and password in one byte each. */
const MAX_SOCKS_BYTES = 255;
const HOST = '(\\[[^\\]]*\\]|[^:@/\\[\\]]+)';
/** Up to the first colon, that of `{session:digits}` aside. */
const USER = '((?:\\{session:[^}:]*\\}|[^:])*)';
const HOST_FIRST = new RegExp(`^${HOST}:(\\d+):${USER}:(.*)$`, 's');
const HOST_LAST = new RegExp(`^${USER}:(.*)@${HOST}:(\\d+)$`, 's');
const CREDENTIALS = new RegExp(`^${USER}(?::(.*))?$`, 's');
const AUTHORITY = new RegExp(`^(?:(.*)@)?${HOST}(?::(\\d*))?/?$`, 's');

/**
 * Reads one entry.
 *
 * `[rotating+]SCHEME://[user[:pass]@]host[:port]` with http, https, socks5 or socks5h, `direct`,
 * `host:port:user:pass`, `user:pass@host:port`; before all but `direct` `price=NUMBER+` and `gb=NUMBER+`.
 */
export function parseEntry(whole: string): Parsed {
  const split = splitTerms(whole);
  if ('fault' in split) return split;
  const { terms: sourceTerms, rest: text } = split;
  if (text.toLowerCase() === 'direct')
    return text === whole
      ? { entry: 'direct' }
      : { fault: 'this machine’s own address has no price and no budget' };
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text);
  const pieces = scheme
    ? parseUrl(scheme[1]!.toLowerCase(), text.slice(scheme[0].length))
    : parseVendor(text);
  const terms = typeof pieces === 'string' ? pieces : readPieces(pieces);
  return typeof terms === 'string' ? { fault: terms } : { entry: { ...terms, terms: sourceTerms } };
}

/** Cut at the last `@`, since a password may hold one; the WHATWG parser would also refuse raw `/`, `#` and `?`. */
function parseUrl(scheme: string, rest: string): Pieces | string {
  const known = /^(rotating\+)?(https?|socks5h?)$/.exec(scheme);
  if (known === null) {
    return 'only http://, https://, socks5://, socks5h://, rotating+ before one of them, and the word direct are known';
  }
  const [whole, credentials = '', host = '', port = null] = AUTHORITY.exec(rest) ?? [];
  if (whole === undefined)
    return 'what follows the scheme must be [user:password@]host[:port] and nothing more';
  const [, user = '', pass = ''] = CREDENTIALS.exec(credentials) ?? [];
  return {
    scheme: known[2] as Scheme,
    rotating: known[1] !== undefined,
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

function readPieces(pieces: Pieces): Omit<ProxyTerms, 'terms'> | string {
  const host = parseHost(pieces.host);
  if (host === null) return 'the host is not a name, an IPv4 address or an IPv6 address in brackets';
  const port = pieces.port === null ? DEFAULT_PORTS[pieces.scheme] : Number(pieces.port);
  if (port < 1 || port > 65_535) return 'the port must be 1 to 65535';
  if (`${pieces.user}${pieces.pass}`.includes('{session:') && !holdsKnownSession(pieces)) {
    return 'a session is written {session} or {session:digits}';
  }
  const user = parseTemplate(pieces.user);
  const pass = parseTemplate(pieces.pass);
  if (
    isSocks(pieces.scheme) &&
    (isTooLong(user.fill(LONGEST_SESSION)) || isTooLong(pass.fill(LONGEST_SESSION)))
  ) {
    return 'user and password of a SOCKS proxy may have 255 bytes each';
  }
  return {
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

const LONGEST_SESSION = '12345678';
const isTooLong = (text: string) => Buffer.byteLength(text) > MAX_SOCKS_BYTES;

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
