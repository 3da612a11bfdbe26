import { z } from 'zod';

/** A setting that cannot be used: names the variable, never its value. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

const port = (fallback: number) => digits(0, 65_535).default(fallback);

function digits(min: number, max: number) {
  return z
    .string()
    .regex(/^\d{1,15}$/, 'must be a whole number')
    .transform(Number)
    .refine((value) => value >= min && value <= max, `must be from ${min} to ${max}`);
}

function absoluteUrl(protocols: readonly string[]) {
  return z
    .string()
    .refine(
      (text) => {
        const url = URL.parse(text);
        return (
          url !== null &&
          protocols.includes(url.protocol) &&
          url.search === '' &&
          url.hash === '' &&
          url.username === ''
        );
      },
      `must be a URL that begins with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}, without user, query or fragment`,
    )
    .transform((text) => text.replace(/\/+$/, ''));
}

const words = z.string().transform((text) => text.split(/[\s,]+/).filter((word) => word !== ''));

const Environment = z.object({
  NODE_ENV: z.string().optional(),
  HOST: z.string().default('0.0.0.0'),
  PORT: port(8080),
  PUBLIC_URL: absoluteUrl(['https:', 'http:']).optional(),
  ADMIN_HOST: z.string().default('127.0.0.1'),
  ADMIN_PORT: port(9090),
  ADMIN_TOKEN: z.string().min(16, 'must have at least 16 characters').optional(),
  UPSTREAM_URL: absoluteUrl(['https:']).default('https://api.bitbucket.org/2.0'),
  PROXY_URLS: z.string().default(''),
  PROXY_FILE: z.string().optional(),
  PROXY_SESSIONS: digits(1, 10_000).default(16),
  PROXY_SESSION_LIFETIME_S: digits(10, 86_400).default(540),
  EXIT_HOURLY_BUDGET: digits(1, 1_000_000).default(60),
  UPSTREAM_HOURLY_CEILING: digits(1, 1_000_000_000).optional(),
  CALL_DEADLINE_MS: digits(100, 300_000).default(15_000),
  STORE_URL: z.string().default('sqlite:data/gateway.db'),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  TRUST_PROXY: words.optional(),
});

export type Config = z.output<typeof Environment>;

/**
 * The environment, read once. An empty variable counts as not set, so that a line of `.env` can stay without a
 * value. Throws `ConfigError` naming every variable at fault.
 */
export function readConfig(environment: Readonly<Record<string, string | undefined>>): Config {
  const given = Object.entries(environment).filter(([, value]) => value !== undefined && value.trim() !== '');
  const result = Environment.safeParse(Object.fromEntries(given));
  if (result.success) return result.data;
  throw new ConfigError(
    result.error.issues.map((issue) => `${String(issue.path[0])} ${wordOf(issue)}`).join('; '),
  );
}

/** zod's own messages may quote the value; ours do not. */
function wordOf(issue: z.core.$ZodIssue): string {
  return issue.code === 'invalid_value' ? `must be one of ${issue.values.join(', ')}` : issue.message;
}
