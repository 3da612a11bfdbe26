import { isIP } from 'node:net';
import { z } from 'zod';
import { hostKindOf } from './domain/addresses.ts';

/** A setting that cannot be used: names the variable, never its value. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** One variable of the environment. */
export interface Setting<Schema extends z.ZodType = z.ZodType> {
  /** For the operator, in one sentence without a full stop. */
  readonly meaning: string;
  /** As an operator would write it; null for a setting that is not set unless someone sets it. */
  readonly fallback: string | null;
  readonly schema: Schema;
}

const setting = <Schema extends z.ZodType<unknown, string>>(
  meaning: string,
  fallback: z.input<Schema>,
  schema: Schema,
) => ({ meaning, fallback, schema: schema.prefault(fallback) });

const optional = <Schema extends z.ZodType<unknown, string>>(meaning: string, schema: Schema) => ({
  meaning,
  fallback: null,
  schema: schema.optional(),
});

const text = z.string();
const port = digits(0, 65_535);
const milliseconds = (max: number) => digits(0, max);
const words = text.transform((value) => value.split(/[\s,]+/).filter((word) => word !== ''));

/** Every setting there is, in the order in which operators read about them. */
export const SETTINGS = {
  HOST: setting(
    'where callers come in; the default listens on every address of the machine, IPv6 too',
    '0.0.0.0',
    text,
  ),
  PORT: setting('the port callers come in by', '8080', port),
  PUBLIC_URL: optional(
    'what callers see, for absolute links and the OpenAPI server, e.g. `https://api.oanor.com`; outside production `http://localhost:PORT` unless set',
    absoluteUrl(['https:', 'http:']),
  ),
  ADMIN_HOST: setting("the operator's door: where it listens", '127.0.0.1', text),
  ADMIN_PORT: setting("the operator's door: its port", '9090', port),
  ADMIN_TOKEN: optional(
    "opens the operator's door; without it metrics and health only (outside production a random one each start)",
    text.min(16, 'must have at least 16 characters'),
  ),
  UPSTREAM_URL: setting(
    'Bitbucket, or a stand-in with https; another CA through `NODE_EXTRA_CA_CERTS`; TLS is always verified',
    'https://api.bitbucket.org/2.0',
    absoluteUrl(['https:']),
  ),
  PROXY_URLS: optional(
    'exits, separated by white space; none: direct, with a warning. `http://`, `https://`, `socks5://`, `socks5h://`, `rotating+` before any of them, `direct`, `host:port:user:pass`, `user:pass@host:port`; `{session}` or `{session:digits}` in user or password; before all but `direct` `price=4.5+` and `gb=50+`: its price a GB, and its GB a month',
    text,
  ),
  PROXY_FILE: optional('the same, one a line, `#` comments, read again on SIGHUP', text),
  PROXY_SESSIONS: setting(
    'sessions or tunnels kept open per template or rotating entry',
    '16',
    digits(1, 10_000),
  ),
  PROXY_SESSION_LIFETIME_S: setting(
    'a session is retired before this many seconds',
    '540',
    digits(10, 86_400),
  ),
  EXIT_HOURLY_BUDGET: setting(
    'upstream calls an exit may make in any 60 minutes; above 60 a warning',
    '60',
    digits(1, 1_000_000),
  ),
  UPSTREAM_HOURLY_CEILING: optional(
    'upstream calls an hour over all exits together',
    digits(1, 1_000_000_000),
  ),
  CALL_DEADLINE_MS: setting('the whole call, retries included', '15000', digits(100, 300_000)),
  STORE_URL: setting(
    'accounts, keys and usage: a file for one gateway, or `redis://` and `rediss://` (Valkey or Redis 7+, `?cluster=1` for a cluster) to share them',
    'sqlite:data/gateway.db',
    text,
  ),
  LOG_LEVEL: setting(
    '`fatal`, `error`, `warn`, `info`, `debug`, `trace` or `silent`; keys and proxy credentials never appear',
    'info',
    z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']),
  ),
  LOG_FORMAT: setting('`json`, or `pretty` for people', 'json', z.enum(['json', 'pretty'])),
  DRAIN_DELAY_MS: setting(
    'after SIGTERM: how long calls are still taken while `/readyz` says 503',
    '0',
    milliseconds(300_000),
  ),
  DRAIN_MS: setting('after that: how long begun answers may go on', '20000', milliseconds(600_000)),
  MAX_BYTES_IN_FLIGHT: setting(
    'answers held in memory, over all calls; without room the upstream is paused, at the deadline 503 `overloaded`',
    '128MB',
    bytes(1 << 20),
  ),
  CONNECTIONS_PER_ADDRESS: setting(
    'connections one address may hold; never for `TRUST_PROXY` addresses',
    '4096',
    digits(1, 1_000_000),
  ),
  ALLOWED_ORIGINS: optional(
    "origins that may use MCP from a browser, beside `PUBLIC_URL`'s",
    words.refine(
      (origins) => origins.every((origin) => URL.parse(origin)?.origin === origin),
      'must hold origins: https://app.example.com',
    ),
  ),
  PRICE_PER_GB: optional('of proxy traffic, where its entry has no price of its own', decimal()),
  EGRESS_GB_PER_MONTH: optional(
    'proxy traffic a month: a warning at 80 %, then no more calls, over restarts and gateways',
    decimal(),
  ),
  CALLS_KEPT_DAYS: setting(
    "how long a call's story can be looked up by its request id",
    '7',
    digits(0, 3_650),
  ),
  WEBHOOK_URL: optional(
    'where quota and key events go, signed with `WEBHOOK_SECRET`; https, or loopback, never a private address',
    absoluteUrl(['https:', 'http:'])
      .refine(
        (url) => url.startsWith('https:') || hostKindOf(new URL(url)) === 'loopback',
        'must be https, or lead to this machine',
      )
      .refine((url) => hostKindOf(new URL(url)) !== 'private', 'must not lead to a private address'),
  ),
  WEBHOOK_SECRET: optional(
    'signs them: `x-oanor-signature`; needed with `WEBHOOK_URL`',
    text.min(16, 'must have at least 16 characters'),
  ),
  TRUST_PROXY: optional(
    'addresses of load balancers whose `x-forwarded-for` is believed: addresses, networks, `loopback`, `linklocal`, `uniquelocal`',
    words.refine(
      (entries) => entries.every(isNetwork),
      'must hold addresses, networks (10.0.0.0/8), loopback, linklocal or uniquelocal',
    ),
  ),
  NODE_ENV: optional("`production` outside a developer's machine", text),
} as const satisfies Record<string, Setting>;

type Settings = typeof SETTINGS;
export type Config = { readonly [Name in keyof Settings]: z.output<Settings[Name]['schema']> };

/**
 * The environment, read once. An empty variable counts as not set, so that a line of `.env` can stay without a
 * value. Throws `ConfigError` naming every variable at fault.
 */
export function readConfig(environment: Readonly<Record<string, string | undefined>>): Config {
  const faults: string[] = [];
  const givenFor = (name: keyof Settings) =>
    environment[name]?.trim() === '' ? undefined : environment[name];
  const read = (name: keyof Settings): unknown => {
    const given = givenFor(name);
    const result = (SETTINGS[name].schema as z.ZodType).safeParse(given);
    if (!result.success) faults.push(...result.error.issues.map((issue) => `${name} ${wordOf(issue)}`));
    return result.data;
  };
  const names = Object.keys(SETTINGS) as (keyof Settings)[];
  const config = Object.fromEntries(names.map((name) => [name, read(name)])) as Config;
  if (config.WEBHOOK_URL !== undefined && givenFor('WEBHOOK_SECRET') === undefined)
    faults.push('WEBHOOK_SECRET must be set where WEBHOOK_URL is: nobody could tell what is ours');
  if (faults.length > 0) throw new ConfigError(faults.join('; '));
  return { ...config, PUBLIC_URL: config.PUBLIC_URL ?? localUrl(config) };
}

/** Outside production links are absolute too: some clients cannot follow others. */
function localUrl({ NODE_ENV, PORT }: Config): string | undefined {
  return NODE_ENV === 'production' || PORT === 0 ? undefined : `http://localhost:${PORT}`;
}

/** zod's own messages may quote the value; ours do not. */
function wordOf(issue: z.core.$ZodIssue): string {
  return issue.code === 'invalid_value' ? `must be one of ${issue.values.join(', ')}` : issue.message;
}

function digits(min: number, max: number) {
  return z
    .string()
    .regex(/^\d{1,15}$/, 'must be a whole number')
    .transform(Number)
    .refine((value) => value >= min && value <= max, `must be from ${min} to ${max}`);
}

const UNITS: Readonly<Record<string, number>> = { '': 1, kb: 1 << 10, mb: 1 << 20, gb: 1 << 30 };

/** `128MB`, `64 kB`, `1000000`; a kB is 1,024 bytes. */
function bytes(min: number) {
  return z
    .string()
    .regex(/^\d{1,12} *(?:[kmg]b)?$/i, 'must be a number of bytes: 128MB, 1GB')
    .transform((size) => Number.parseInt(size, 10) * (UNITS[size.replace(/[\d ]/g, '').toLowerCase()] ?? 1))
    .refine((value) => value >= min, `must be at least ${min / 1_048_576}MB`);
}

function decimal() {
  return z
    .string()
    .regex(/^\d{1,9}(?:\.\d{1,6})?$/, 'must be a number, like 4 or 0.75')
    .transform(Number);
}

function absoluteUrl(protocols: readonly string[]) {
  const beginnings = protocols.map((protocol) => `${protocol}//`).join(' or ');
  return z
    .string()
    .refine(
      (text) => isPlainUrl(text, protocols),
      `must be a URL that begins with ${beginnings}, without user, query or fragment`,
    )
    .transform((text) => text.replace(/\/+$/, ''));
}

function isPlainUrl(text: string, protocols: readonly string[]): boolean {
  const url = URL.parse(text);
  if (url === null || !protocols.includes(url.protocol)) return false;
  return url.search === '' && url.hash === '' && url.username === '' && url.password === '';
}

/** An address, a network or one of the three names for the usual ones. */
function isNetwork(entry: string): boolean {
  if (['loopback', 'linklocal', 'uniquelocal'].includes(entry)) return true;
  const [address = '', prefix, ...rest] = entry.split('/');
  const family = isIP(address);
  if (family === 0 || rest.length > 0) return false;
  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (family === 4 ? 32 : 128));
}
