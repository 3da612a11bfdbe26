import { describe, expect, it } from 'vitest';
import { readConfig, SETTINGS } from '../src/config.ts';

const refusalOf = (environment: Record<string, string>): string => {
  try {
    readConfig(environment);
    return 'taken';
  } catch (error) {
    return (error as Error).message;
  }
};

describe('the environment', () => {
  it('empty gives the defaults that the table tells', () => {
    expect(readConfig({})).toMatchObject({
      HOST: '0.0.0.0',
      PORT: 8080,
      PUBLIC_URL: 'http://localhost:8080',
      CALL_DEADLINE_MS: 15_000,
      DRAIN_DELAY_MS: 0,
      DRAIN_MS: 20_000,
      MAX_BYTES_IN_FLIGHT: 128 * 1024 * 1024,
      CONNECTIONS_PER_ADDRESS: 4_096,
      CALLS_KEPT_DAYS: 7,
      LOG_FORMAT: 'json',
      TRUST_PROXY: undefined,
    });
  });

  it('each default can be written as the table shows it', () => {
    const written = Object.entries(SETTINGS).flatMap(([name, { fallback }]) =>
      fallback === null ? [] : [[name, fallback] as const],
    );
    expect(readConfig(Object.fromEntries(written))).toEqual(readConfig({}));
  });

  it('an empty variable is a variable that is not set', () => {
    expect(readConfig({ PORT: '', PUBLIC_URL: ' ' })).toEqual(readConfig({}));
  });

  it.each([
    ['128MB', 134_217_728],
    ['2gb', 2_147_483_648],
    ['2048 kB', 2_097_152],
    ['1048576', 1_048_576],
  ])('MAX_BYTES_IN_FLIGHT=%s is %i bytes', (size, bytes) => {
    expect(readConfig({ MAX_BYTES_IN_FLIGHT: size }).MAX_BYTES_IN_FLIGHT).toBe(bytes);
  });

  it.each([
    [{ NODE_ENV: 'production' }, undefined],
    [{ PORT: '0' }, undefined],
    [{ PORT: '81' }, 'http://localhost:81'],
    [{ NODE_ENV: 'production', PUBLIC_URL: 'https://api.oanor.com/' }, 'https://api.oanor.com'],
  ])('%j: links begin with %s', (environment, url) => {
    expect(readConfig(environment).PUBLIC_URL).toBe(url);
  });

  it.each(['loopback', '10.0.0.1', '10.0.0.0/8, uniquelocal', '10.0.0.0/32', 'fd00::/8 ::1', '::/128'])(
    'TRUST_PROXY=%s is taken',
    (value) => expect(refusalOf({ TRUST_PROXY: value })).toBe('taken'),
  );

  it.each([
    [{ TRUST_PROXY: 'canary' }, /^TRUST_PROXY must hold addresses, networks/],
    [{ TRUST_PROXY: '10.0.0.0/33' }, /^TRUST_PROXY /],
    [{ TRUST_PROXY: '::/129' }, /^TRUST_PROXY /],
    [{ TRUST_PROXY: '10.0.0.0/8/8' }, /^TRUST_PROXY /],
    [{ TRUST_PROXY: '10.0.0.0/canary' }, /^TRUST_PROXY /],
    [{ TRUST_PROXY: '10.0.0.0/8x' }, /^TRUST_PROXY /],
    [{ TRUST_PROXY: '10.0.0.0/x8' }, /^TRUST_PROXY /],
    [{ TRUST_PROXY: '/8' }, /^TRUST_PROXY /],
    [{ MAX_BYTES_IN_FLIGHT: 'canary' }, /^MAX_BYTES_IN_FLIGHT must be a number of bytes/],
    [{ MAX_BYTES_IN_FLIGHT: '1023kB' }, /^MAX_BYTES_IN_FLIGHT must be at least 1MB$/],
    [{ PORT: 'canary' }, /^PORT must be a whole number/],
    [{ PORT: '65536' }, /^PORT must be from 0 to 65535$/],
    [{ CALL_DEADLINE_MS: '99' }, /^CALL_DEADLINE_MS must be from 100 to 300000$/],
    [{ LOG_LEVEL: 'canary' }, /^LOG_LEVEL must be one of fatal, error/],
    [{ LOG_FORMAT: 'canary' }, /^LOG_FORMAT must be one of json, pretty$/],
    [{ ALLOWED_ORIGINS: 'https://a.example/canary' }, /^ALLOWED_ORIGINS must hold origins/],
    [{ PUBLIC_URL: 'https://u:canary@x.example' }, /^PUBLIC_URL must be a URL that begins with https/],
    [{ PUBLIC_URL: 'https://:canary@x.example' }, /^PUBLIC_URL must be/],
    [{ PUBLIC_URL: 'https://x.example/?canary' }, /^PUBLIC_URL must be/],
    [{ PUBLIC_URL: 'https://x.example/#canary' }, /^PUBLIC_URL must be/],
    [{ PUBLIC_URL: 'canary' }, /^PUBLIC_URL must be/],
    [{ UPSTREAM_URL: 'http://canary.example' }, /^UPSTREAM_URL must be a URL that begins with https:\/\/, /],
    [{ WEBHOOK_URL: 'http://canary.example' }, /^WEBHOOK_URL must be https, or lead to this machine$/],
    [{ WEBHOOK_URL: 'http://x127.canary.example' }, /^WEBHOOK_URL must be https/],
    [{ WEBHOOK_URL: 'http://127.canary.example' }, /^WEBHOOK_URL must be https/],
    [{ WEBHOOK_URL: 'https://10.0.0.1/canary' }, /^WEBHOOK_URL must not lead to a private address$/],
    [{ WEBHOOK_URL: 'https://[fd00::1]/canary' }, /^WEBHOOK_URL must not lead to a private address$/],
    [{ WEBHOOK_URL: 'canary' }, /^WEBHOOK_URL must be a URL/],
    [
      { WEBHOOK_URL: 'https://canary.example', WEBHOOK_SECRET: ' ' },
      /^WEBHOOK_SECRET must be set where WEBHOOK_URL is/,
    ],
    [
      { WEBHOOK_URL: 'https://canary.example', WEBHOOK_SECRET: 'x' },
      /^WEBHOOK_SECRET must have at least 16 characters$/,
    ],
    [{ WEBHOOK_SECRET: 'canary' }, /^WEBHOOK_SECRET must have at least 16 characters$/],
    [{ ADMIN_TOKEN: 'canary' }, /^ADMIN_TOKEN must have at least 16 characters$/],
    [{ PRICE_PER_GB: 'canary' }, /^PRICE_PER_GB must be a number/],
    [{ PORT: 'x', LOG_LEVEL: 'x' }, /^PORT [^;]+; LOG_LEVEL [^;]+$/],
  ] as [Record<string, string>, RegExp][])('%j is refused in one line that names it', (environment, line) => {
    const refusal = refusalOf(environment);
    expect(refusal).toMatch(line);
    expect(refusal).not.toMatch(/canary|\n/);
  });

  it.each(['https://hooks.example/x', 'http://127.0.0.1:9/x', 'http://[::1]/x', 'http://localhost/x'])(
    'WEBHOOK_URL=%s is taken',
    (url) =>
      expect(readConfig({ WEBHOOK_URL: url, WEBHOOK_SECRET: '0123456789abcdef' }).WEBHOOK_URL).toBe(url),
  );

  it.each([
    [{ PORT: '65535' }, { PORT: 65_535 }],
    [{ PUBLIC_URL: 'https://x.example///' }, { PUBLIC_URL: 'https://x.example' }],
    [{ ALLOWED_ORIGINS: ' https://a.example,, ' }, { ALLOWED_ORIGINS: ['https://a.example'] }],
  ])('%j is read as %j', (environment, config) => expect(readConfig(environment)).toMatchObject(config));

  it('lists are separated by commas or blanks', () => {
    const { ALLOWED_ORIGINS, PRICE_PER_GB } = readConfig({
      ALLOWED_ORIGINS: 'https://a.example, http://b.example:81',
      PRICE_PER_GB: '0.75',
    });
    expect([ALLOWED_ORIGINS, PRICE_PER_GB]).toEqual([['https://a.example', 'http://b.example:81'], 0.75]);
  });
});
