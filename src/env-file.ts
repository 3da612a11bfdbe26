import { existsSync, readFileSync } from 'node:fs';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { parseEnv } from 'node:util';
import { ConfigError } from './config.ts';

type Environment = Record<string, string | undefined>;

/**
 * Takes over what `.env` of the working folder sets and the environment leaves unset or empty. Says nothing where
 * there is no such file. Throws `ConfigError` when it cannot be read. Called by programs, once, before anything else.
 */
export function loadEnvFile(environment: Environment = process.env, file = '.env'): void {
  if (!existsSync(file)) return;
  const isUnset = (name: string) => (environment[name] ?? '').trim() === '';
  const given = Object.entries(parseEnv(textOf(file, file))).filter(([name]) => isUnset(name));
  for (const [name, value] of given) environment[name] = value;
  // Node itself reads this one before any line of ours runs.
  const authorities = Object.fromEntries(given).NODE_EXTRA_CA_CERTS;
  if (authorities) trust(authorities);
}

function textOf(file: string, name: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new ConfigError(`${name} cannot be read (${(error as NodeJS.ErrnoException).code})`);
  }
}

function trust(file: string): void {
  setDefaultCACertificates([...getCACertificates('default'), textOf(file, 'NODE_EXTRA_CA_CERTS')]);
}
